//! The protocol itself, checked in every interleaving: two replicas, two attempts, crashes, leases that end at any time,
//! lost answers, late processing, a lookup that lags. Each protection is taken away once, and the model must break.

use std::collections::{BTreeMap, HashSet, VecDeque};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Row {
    Ready,
    Sending,
    Unknown,
    Bought,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Replica {
    Idle,
    /// D2 is committed.
    Claimed(u8),
    /// Sent, waits.
    Waits(u8),
    /// A success in hand.
    Sold(u8),
    /// A refusal in hand.
    Refused(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct World {
    row: Row,
    attempt: u8,
    tracked: u8,
    replicas: [Replica; 2],
    /// Requests on their way, by attempt.
    flying: [u8; 2],
    sold: [u8; 2],
    /// Sales that a lookup shows.
    visible: [u8; 2],
    voided: [u8; 2],
    crashes: u8,
}

/// Which protections there are.
#[derive(Debug, Clone, Copy, Default)]
struct Protections {
    settle: bool,
    guard: bool,
    sweep: bool,
    sweep_latest_only: bool,
    naive_retry: bool,
    chosen_number: bool,
}

const ATTEMPTS: u8 = 2;

impl Protections {
    /// Attempts with one chosen number are one object at the carrier.
    fn slot(self, attempt: u8) -> usize {
        if self.chosen_number { 0 } else { usize::from(attempt) - 1 }
    }
}

fn with(world: World, change: impl FnOnce(&mut World)) -> World {
    let mut next = world;
    change(&mut next);
    next
}

fn steps(world: World, p: Protections) -> Vec<World> {
    let mut next = Vec::new();
    for at in 0..2 {
        replica_steps(world, p, at, &mut next);
    }
    if world.row == Row::Sending {
        next.push(with(world, |w| w.row = Row::Unknown));
    }
    carrier_steps(world, p, &mut next);
    if world.row == Row::Unknown {
        resolve_steps(world, p, &mut next);
    }
    if p.sweep && matches!(world.row, Row::Bought | Row::Failed) {
        sweep_steps(world, p, &mut next);
    }
    next
}

fn replica_steps(world: World, p: Protections, at: usize, next: &mut Vec<World>) {
    let mine = |attempt: u8| world.row == Row::Sending && world.attempt == attempt;
    let open = |attempt: u8| matches!(world.row, Row::Sending | Row::Unknown) && world.attempt == attempt;
    match world.replicas[at] {
        Replica::Idle if world.row == Row::Ready => next.push(with(world, |w| {
            w.row = Row::Sending;
            w.tracked = 0;
            w.replicas[at] = Replica::Claimed(world.attempt);
        })),
        Replica::Idle => {}
        Replica::Claimed(a) => next.push(with(world, |w| {
            if mine(a) || !p.guard {
                w.replicas[at] = Replica::Waits(a);
                w.flying[usize::from(a) - 1] += 1;
            } else {
                w.replicas[at] = Replica::Idle;
            }
        })),
        Replica::Waits(a) => next.push(with(world, |w| {
            w.replicas[at] = Replica::Idle;
            if mine(a) {
                w.row = Row::Unknown;
            }
        })),
        Replica::Sold(a) => next.push(with(world, |w| {
            w.replicas[at] = Replica::Idle;
            if open(a) {
                w.row = Row::Bought;
                w.tracked = a;
            }
            // Otherwise the success is kept as evidence, or dropped: what is kept changes no row here.
        })),
        Replica::Refused(a) => next.push(with(world, |w| {
            w.replicas[at] = Replica::Idle;
            if open(a) {
                w.row = Row::Failed;
            }
        })),
    }
    if world.replicas[at] != Replica::Idle && world.crashes > 0 {
        next.push(with(world, |w| {
            w.replicas[at] = Replica::Idle;
            w.crashes -= 1;
        }));
    }
}

fn carrier_steps(world: World, p: Protections, next: &mut Vec<World>) {
    for a in 1..=ATTEMPTS {
        let flight = usize::from(a) - 1;
        if world.flying[flight] == 0 {
            continue;
        }
        let slot = p.slot(a);
        let landed = with(world, |w| w.flying[flight] -= 1);
        let repeat = p.chosen_number && world.sold[slot] > world.voided[slot];
        let sold = with(landed, |w| w.sold[slot] += u8::from(!repeat));
        next.push(sold);
        next.push(landed);
        for at in (0..2).filter(|at| world.replicas[*at] == Replica::Waits(a)) {
            next.push(with(sold, |w| w.replicas[at] = Replica::Sold(a)));
            next.push(with(landed, |w| w.replicas[at] = Replica::Refused(a)));
        }
    }
    for slot in 0..2 {
        if world.visible[slot] < world.sold[slot] {
            next.push(with(world, |w| w.visible[slot] += 1));
        }
    }
}

fn resolve_steps(world: World, p: Protections, next: &mut Vec<World>) {
    let slot = p.slot(world.attempt);
    let retry = |w: &mut World| {
        if w.attempt < ATTEMPTS {
            w.row = Row::Ready;
            w.attempt += 1;
        } else {
            w.row = Row::Failed;
        }
        w.tracked = 0;
    };
    if p.naive_retry && world.attempt < ATTEMPTS {
        next.push(with(world, retry));
    }
    let quiet = world.flying[usize::from(world.attempt) - 1] == 0 && world.visible[slot] == world.sold[slot];
    if quiet || !p.settle {
        next.push(with(world, |w| {
            if w.visible[slot] > w.voided[slot] {
                w.row = Row::Bought;
                w.tracked = w.attempt;
            } else {
                retry(w);
            }
        }));
    }
}

fn sweep_steps(world: World, p: Protections, next: &mut Vec<World>) {
    for a in 1..=ATTEMPTS {
        if (p.chosen_number && a > 1) || (p.sweep_latest_only && a != world.attempt) {
            continue;
        }
        let slot = p.slot(a);
        let wanted = u8::from(world.row == Row::Bought && p.slot(world.tracked) == slot);
        let extra = world.visible[slot].saturating_sub(world.voided[slot] + wanted);
        if extra > 0 && world.sold[slot] == world.visible[slot] {
            next.push(with(world, |w| w.voided[slot] += 1));
        }
    }
}

fn fault_of(world: World, p: Protections) -> Option<&'static str> {
    let live = [0, 1].map(|slot| world.sold[slot] - world.voided[slot]);
    let total = live[0] + live[1];
    let bought = world.row == Row::Bought;
    match total {
        2.. => Some("double"),
        1 if !(bought && live[p.slot(world.tracked)] == 1) => Some("lost"),
        0 if bought => Some("phantom"),
        _ => None,
    }
}

/// Every reachable state; the bad end states by kind, and how many states there are.
fn explore(p: Protections) -> (BTreeMap<&'static str, usize>, usize) {
    let start = World {
        row: Row::Ready,
        attempt: 1,
        tracked: 0,
        replicas: [Replica::Idle; 2],
        flying: [0; 2],
        sold: [0; 2],
        visible: [0; 2],
        voided: [0; 2],
        crashes: 2,
    };
    let (mut seen, mut queue) = (HashSet::from([start]), VecDeque::from([start]));
    let mut bad = BTreeMap::new();
    while let Some(world) = queue.pop_front() {
        let next = steps(world, p);
        if next.is_empty()
            && let Some(kind) = fault_of(world, p)
        {
            *bad.entry(kind).or_default() += 1;
        }
        for world in next {
            if seen.insert(world) {
                queue.push_back(world);
            }
        }
    }
    (bad, seen.len())
}

const OURS: Protections = Protections {
    settle: true,
    guard: true,
    sweep: true,
    sweep_latest_only: false,
    naive_retry: false,
    chosen_number: false,
};

#[test]
fn our_protocol_holds_in_every_interleaving() {
    let (bad, states) = explore(OURS);
    assert!(bad.is_empty(), "{bad:?}");
    assert!(states > 400, "only {states} states: the model does not move");
    // Each of the two layers holds by itself under perfect timing.
    for one in [Protections { sweep: false, ..OURS }, Protections { settle: false, guard: false, ..OURS }] {
        let (bad, _) = explore(one);
        assert!(bad.is_empty(), "{one:?}: {bad:?}");
    }
    let chosen = Protections { chosen_number: true, settle: false, guard: false, ..OURS };
    assert!(explore(chosen).0.is_empty());
}

#[test]
fn each_missing_protection_breaks_it() {
    let bare = Protections { sweep: false, ..OURS };
    let variants = [
        (
            "a retry on timeout",
            Protections { settle: false, guard: false, naive_retry: true, ..bare },
            "double",
        ),
        ("no settle window", Protections { settle: false, ..bare }, "double"),
        ("no send guard", Protections { guard: false, ..bare }, "double"),
        (
            "a sweep of the newest attempt only",
            Protections { settle: false, guard: false, sweep_latest_only: true, ..OURS },
            "double",
        ),
        (
            "a chosen number without a last look",
            Protections { chosen_number: true, settle: false, guard: false, ..bare },
            "lost",
        ),
    ];
    for (what, protections, expected) in variants {
        let (bad, states) = explore(protections);
        assert!(bad.contains_key(expected), "{what} was not noticed in {states} states: {bad:?}");
    }
}
