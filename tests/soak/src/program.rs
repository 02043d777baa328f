//! The `waybill` program, for tests that start and kill it.

fn main() -> std::process::ExitCode {
    waybill::cli::main()
}
