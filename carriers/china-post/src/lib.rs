//! waybill-china-post
