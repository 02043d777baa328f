//! `waybill new-carrier`: a carrier crate of one's own, begun from the compiled template.

mod manifest;
mod template;

use std::path::{Path, PathBuf};

use waybill_core::{Error, ErrorKind, Result};

/// Where the new crate finds waybill-core and waybill-testkit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// From a checkout of Waybill at this path.
    Path(PathBuf),
    /// From the registry, with this version requirement.
    Version(String),
    /// The crate is made inside Waybill's own tree and takes everything from the workspace.
    Workspace,
}

/// The names of a new carrier, all made from its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// `acme-parcel`.
    pub id: String,
    /// `waybill-acme-parcel`.
    pub package: String,
    /// `AcmeParcel`.
    pub type_name: String,
    /// `Acme Parcel`.
    pub title: String,
}

impl Names {
    /// From an id: lower-case letters, digits and single `-`, beginning with a letter.
    pub fn new(id: &str) -> Result<Self> {
        let parts: Vec<&str> = id.split('-').collect();
        let sound = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if id.len() > 40 || !parts.iter().all(sound) || !id.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(Error::invalid_field(
                "name",
                format!("`{id}` is no id of a carrier"),
                "use lower-case letters, digits and single `-`, such as acme-parcel",
            ));
        }
        if ["core", "testkit", "plugins", "transport", "documents", "purchase", "shop", "sandbox"]
            .contains(&id)
        {
            return Err(Error::invalid_field(
                "name",
                format!("waybill-{id} is a crate of Waybill itself"),
                "choose another name",
            ));
        }
        let capital = |part: &&str| {
            let (first, rest) = part.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        };
        let words: Vec<String> = parts.iter().map(capital).collect();
        Ok(Self {
            id: id.to_owned(),
            package: format!("waybill-{id}"),
            type_name: words.concat(),
            title: words.join(" "),
        })
    }

    /// Name of the crate in Rust, `waybill_acme_parcel`: the end of its symbol and the name of its library.
    pub fn crate_name(&self) -> String {
        self.package.replace('-', "_")
    }

    /// The template's text with these names.
    fn rename(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in [
            (TEMPLATE_INTRO, format!("{}: a carrier for Waybill, begun from its template", self.title)),
            ("waybill_hello", self.crate_name()),
            ("waybill-hello", self.package.clone()),
            ("hello-parcel.example", format!("{}.example", self.id)),
            ("Hello Parcel", self.title.clone()),
            ("Hello Ground", format!("{} Ground", self.title)),
            ("Hello Express", format!("{} Express", self.title)),
            ("Hello World", format!("{} World", self.title)),
            ("hello-", format!("{}-", self.id)),
            ("\"hello\"", format!("\"{}\"", self.id)),
            ("\\\"hello\\\"", format!("\\\"{}\\\"", self.id)),
            ("Hello", self.type_name.clone()),
        ] {
            text = text.replace(from, &to);
        }
        text
    }

    fn readme(&self) -> String {
        let Self { id, package, title, .. } = self;
        let library = self.crate_name();
        format!(
            "# {package}\n\n\
             {title} for Waybill. Begin at `src/lib.rs`: its comments lead from file to file. The API that it speaks now is\n\
             the template's invention; replace it file by file with the carrier's own, and the fixtures with it.\n\n\
             ```text\n\
             cargo test                                          # conformance cases and the messages on the wire\n\
             cargo run --example mock                            # a mock of the API; prints an account for waybill.toml\n\
             cargo rustc --lib --release --crate-type cdylib     # the dynamic library\n\
             waybill plugin inspect target/release/lib{library}.so   # prints the [[plugins]] section\n\
             ```\n\n\
             Its carrier id is `{id}`. Facts about the carrier that are not certain belong into a list here.\n"
        )
    }
}

/// What the template says of itself.
const TEMPLATE_INTRO: &str = "Hello Parcel: an invented carrier, and the template of `waybill new-carrier`";

/// Makes the crate in a folder that is empty or not there yet, and gives the files that it wrote.
pub fn new_carrier(names: &Names, folder: &Path, source: &Source) -> Result<Vec<PathBuf>> {
    let cannot = |path: &Path, error: std::io::Error| {
        Error::new(ErrorKind::Config, format!("{} cannot be written: {error}", path.display()))
    };
    let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(Error::invalid_field(
            "dir",
            format!("{} is not empty", folder.display()),
            "give a new folder with --dir",
        ));
    }
    let mut written = Vec::new();
    let manifest = manifest::write(names, source, folder)?;
    for (path, text) in template::FILES {
        let text = match *path {
            "Cargo.toml" => manifest.clone(),
            "README.md" => names.readme(),
            _ => names.rename(text),
        };
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(|error| cannot(parent, error))?;
        std::fs::write(&path, text).map_err(|error| cannot(&path, error))?;
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_id_and_bad_ids_are_refused() {
        let names = Names::new("acme-parcel-24").unwrap();
        assert_eq!((names.type_name.as_str(), names.title.as_str()), ("AcmeParcel24", "Acme Parcel 24"));
        assert_eq!(names.crate_name(), "waybill_acme_parcel_24");
        for bad in ["", "Acme", "a--b", "-a", "a-", "4px", "a_b", "../a", "core", &"a".repeat(41)] {
            assert_eq!(Names::new(bad).unwrap_err().kind, ErrorKind::Invalid, "{bad}");
        }
    }

    #[test]
    fn the_template_is_the_whole_of_carriers_hello() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../carriers/hello");
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(&root).unwrap().to_string_lossy().into_owned());
                }
            }
        }
        found.sort();
        let listed: Vec<&str> = template::FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, listed);
    }

    #[test]
    fn nothing_of_the_templates_names_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let names = Names::new("acme-parcel").unwrap();
        let source = Source::Version("0.1.0".to_owned());
        for path in new_carrier(&names, folder.path(), &source).unwrap() {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.to_lowercase().contains("hello"), "{}", path.display());
        }
        let lib = std::fs::read_to_string(folder.path().join("src/lib.rs")).unwrap();
        assert!(lib.starts_with("//! Acme Parcel: a carrier for Waybill, begun from its template."), "{lib}");
        let again = new_carrier(&names, folder.path(), &source).unwrap_err();
        assert!(again.message.contains("is not empty"), "{again}");
    }
}
