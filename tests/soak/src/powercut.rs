//! A power cut for a process: what it did not sync is gone. A small library stands before `fsync` and `fdatasync` (loaded
//! by `LD_PRELOAD`) and copies each file below a folder when it is synced; a cut puts the copies back.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The source of the library. It copies after the real call, so that a copy is never newer than the disk.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void keep(int fd) {
    const char *folder = getenv("WAYBILL_POWER_CUT");
    char link[64], path[PATH_MAX], copy[PATH_MAX + 16], part[PATH_MAX + 24], buffer[65536];
    if (!folder) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    if (strncmp(path, folder, strlen(folder)) != 0) return;
    snprintf(copy, sizeof copy, "%s.synced", path);
    snprintf(part, sizeof part, "%s.part", copy);
    int from = open(path, O_RDONLY), to = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (from >= 0 && to >= 0) {
        while ((length = read(from, buffer, sizeof buffer)) > 0)
            if (write(to, buffer, length) != length) break;
        rename(part, copy);
    }
    if (from >= 0) close(from);
    if (to >= 0) close(to);
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int done = real(fd);
    if (done == 0) keep(fd);
    return done;
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int done = real(fd);
    if (done == 0) keep(fd);
    return done;
}

/* Another process's clock: the wall clock only, so that only what compares hosts' clocks goes wrong. */
int clock_gettime(clockid_t id, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    static long skew = -1;
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (skew == -1) { const char *text = getenv("WAYBILL_CLOCK_SKEW"); skew = text ? atol(text) : 0; }
    int done = real(id, now);
    if (done == 0 && id == CLOCK_REALTIME) now->tv_sec += skew;
    return done;
}
"#;

/// Power cuts for the files below a folder.
#[derive(Debug, Clone)]
pub struct PowerCut {
    library: PathBuf,
    folder: PathBuf,
}

/// Builds the library with the C compiler that Rust links with.
pub fn library(folder: &Path) -> io::Result<PathBuf> {
    let (source, library) = (folder.join("before_sync.c"), folder.join("before_sync.so"));
    std::fs::write(&source, SOURCE)?;
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl")
        .output()?;
    match built.status.success() {
        true => Ok(library),
        false => Err(io::Error::other(String::from_utf8_lossy(&built.stderr).into_owned())),
    }
}

/// Environment for a process whose wall clock is wrong by so many seconds.
pub fn wrong_clock(library: &Path, seconds: i64) -> Vec<(String, String)> {
    vec![
        ("LD_PRELOAD".to_owned(), library.display().to_string()),
        ("WAYBILL_CLOCK_SKEW".to_owned(), seconds.to_string()),
    ]
}

impl PowerCut {
    /// For the files below a folder.
    pub fn over(folder: &Path, library: PathBuf) -> Self {
        Self { library, folder: folder.to_owned() }
    }

    /// What the processes must be started with.
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![
            ("LD_PRELOAD".to_owned(), self.library.display().to_string()),
            ("WAYBILL_POWER_CUT".to_owned(), self.folder.display().to_string()),
        ]
    }

    /// Puts every file back to what was synced last; what never was is gone.
    pub fn forget_what_was_not_synced(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".synced") || name.ends_with(".part") {
                continue;
            }
            let copy = path.with_file_name(format!("{name}.synced"));
            match copy.exists() {
                true => std::fs::copy(&copy, &path).map(drop)?,
                false => std::fs::remove_file(&path)?,
            }
        }
        Ok(())
    }
}
