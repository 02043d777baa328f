//! waybill-china-post
fn main() {}
