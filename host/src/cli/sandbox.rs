//! `waybill sandbox`.

use super::args::SandboxArgs;
use super::{Failure, Output};

pub(crate) async fn run(_output: &Output, _args: &SandboxArgs) -> Result<(), Failure> {
    Err(Failure::input("not here yet"))
}
