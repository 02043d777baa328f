//! The `waybill` program.

/// A shop makes some ten thousand small texts on one thread and frees many of them on another, which costs the system's
/// allocator as much time as all the rest of the shop.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    waybill::cli::main()
}
