use super::*;
use crate::store::NewEvidence;

fn outcome(id: &str) -> Record {
    Record::evidence(&NewEvidence {
        id: id.into(),
        tenant: "t".into(),
        subject: "a1".into(),
        kind: "answer".into(),
        at: 1,
        http_status: Some(200),
        body_sealed: b"\0body".to_vec(),
        sha256: "00".into(),
    })
}

/// Opens the first journal. Other tests start processes, and between fork and exec those hold every lock for a moment.
fn open_first(path: &Path) -> Journal {
    for _ in 0..200 {
        let journal = Journal::open(path).unwrap();
        if journal.path() == path {
            return journal;
        }
        drop(journal);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the first journal is held");
}

fn seen(epoch: i64) -> Epoch {
    Epoch { install: "i".into(), epoch }
}

fn sent(attempt: &str) -> Note {
    let note = SentNote {
        attempt: attempt.into(),
        purchase: "p".into(),
        tenant: "t".into(),
        account: "a".into(),
        handle: "h".into(),
        at: 7,
    };
    Note::Sent(Sent { note, n: 1, numbers: None })
}

#[tokio::test]
async fn what_was_appended_is_there_after_reopening_until_it_is_applied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = open_first(&path);
    journal.append(Record::Epoch(seen(4))).await.unwrap();
    journal.append(outcome("e1")).await.unwrap();
    journal.append(outcome("e2")).await.unwrap();
    journal.note(&sent("a1")).unwrap();
    drop(journal);
    let journal = open_first(&path);
    assert_eq!((journal.epoch(), journal.waiting().len()), (Some(seen(4)), 2));
    let first = journal.waiting().remove(0).into_evidence().unwrap();
    assert_eq!((first.id.as_str(), first.body_sealed.as_slice()), ("e1", b"\0body".as_slice()));
    journal.applied(1).unwrap();
    drop(journal);
    let journal = open_first(&path);
    let left = journal.waiting().remove(0).into_evidence().unwrap();
    assert_eq!((journal.waiting().len(), left.id.as_str(), journal.epoch()), (1, "e2", Some(seen(4))));
    assert_eq!((journal.sent(7).len(), journal.sent(8).len()), (1, 0));
}

#[tokio::test]
async fn a_torn_end_is_cut_off_at_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = open_first(&path);
    journal.append(outcome("e1")).await.unwrap();
    let whole = journal.size();
    journal.append(outcome("e2")).await.unwrap();
    journal.note(&sent("a1")).unwrap();
    drop(journal);
    let bytes = std::fs::read(&path).unwrap();
    for cut in whole..bytes.len() as u64 {
        std::fs::write(&path, &bytes[..usize::try_from(cut).unwrap()]).unwrap();
        let journal = open_first(&path);
        assert_eq!(journal.waiting().len(), 1, "cut after {cut} bytes");
        assert_eq!(journal.size(), whole);
    }
    // A torn note does not swallow the next one.
    let notes = folder.path().join("journal.notes");
    let torn = std::fs::read(&notes).unwrap();
    std::fs::write(&notes, [torn.as_slice(), &torn[..20]].concat()).unwrap();
    open_first(&path).note(&sent("a2")).unwrap();
    let attempts: Vec<_> = open_first(&path).sent(0).into_iter().map(|note| note.attempt).collect();
    assert_eq!(attempts, ["a1", "a2"]);
}

#[tokio::test]
async fn each_process_has_a_journal_and_what_a_dead_one_left_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let first = open_first(&path);
    let second = Journal::open(&path).unwrap();
    assert_eq!((first.path(), second.path()), (path.clone(), folder.path().join("journal.1")));
    second.append(Record::Epoch(seen(9))).await.unwrap();
    second.append(outcome("e1")).await.unwrap();
    second.note(&sent("a1")).unwrap();
    assert!(first.orphans().is_empty(), "a journal was taken from a living process");
    assert_eq!(first.epochs(), [seen(9)], "the epoch that another process saw");
    drop(second);
    let orphans = first.orphans();
    assert_eq!(orphans.iter().map(|one| one.waiting().len()).collect::<Vec<_>>(), [1]);
    assert!(first.orphans().is_empty(), "two took one over");
    orphans[0].applied(1).unwrap();
    drop(orphans);
    assert!(first.orphans().is_empty(), "what was applied waits again");
    assert_eq!(first.sent(0).len(), 1, "the notes of the dead process are read");
    // The next process uses a free journal again: files do not pile up.
    assert!(Journal::open(&path).unwrap().path().exists());
    assert!(!folder.path().join("journal.9").exists());
}

#[tokio::test]
async fn a_large_journal_is_begun_anew_and_keeps_the_epoch_and_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = open_first(&path);
    journal.append(Record::Epoch(seen(3))).await.unwrap();
    let large = Record::Unsent { attempt: "x".repeat(600_000), epoch: 1 };
    journal.append(large.clone()).await.unwrap();
    journal.append(large).await.unwrap();
    journal.applied(1).unwrap();
    assert!(journal.size() > LARGE, "a record that waits was thrown away");
    journal.applied(1).unwrap();
    assert!(journal.size() < 1000);
    journal.append(outcome("e1")).await.unwrap();
    drop(journal);
    let journal = open_first(&path);
    assert_eq!((journal.epoch(), journal.waiting().len()), (Some(seen(3)), 1));
}
