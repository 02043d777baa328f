//! China Post through its three gateways: the EUB partner API (XML, header token), pcp-erp (form
//! with an MD5 digest) and the EMS open platform (form with SM4). They share one stock of numbers.
//!
//! Nothing is charged online: the ledger's amount is the estimate by declared weight in CNY, and a
//! fee is answered only after acceptance. Quirks: `gbk` (EUB answers in GBK), `duplicate-ok` (an
//! order sent twice is answered with the first number in place of B06).

mod desk;
mod eub;
mod open;
mod pcp;

use serde_json::{Value, json};

use crate::{Account, Cx, Personality, Reply, Request, Trouble, xml};

pub(crate) struct ChinaPost;

/// The client id is the customer number, the secret serves as token and MD5 key.
const ACCOUNTS: &[Account] = &[
    Account {
        client_id: "90000001234567",
        client_secret: "cnpost-house-token",
        number: "90000001234567",
        discount: 80,
    },
    Account {
        client_id: "90000007654321",
        client_secret: "cnpost-seller-token",
        number: "90000007654321",
        discount: 150,
    },
    Account {
        client_id: "90000000000009",
        client_secret: "cnpost-list-token",
        number: "90000000000009",
        discount: 0,
    },
];

/// SM4 key of every simulated account, as issued: base64 of sixteen bytes.
const SIGN_KEY: &str = "U0FOREJPWC1LRVktMDAwMQ==";

impl Personality for ChinaPost {
    fn id(&self) -> &'static str {
        "china-post"
    }

    fn name(&self) -> &'static str {
        "China Post"
    }

    fn accounts(&self) -> &'static [Account] {
        ACCOUNTS
    }

    fn credentials(&self, account: &Account) -> Value {
        json!({
            "sender_no": account.number, "ec_company_id": account.client_id,
            "customer_code": account.client_id, "vip_code": account.number,
            "authenticate": account.client_secret, "authorization": account.client_secret,
            "md5_key": account.client_secret, "sign_key": SIGN_KEY,
        })
    }

    fn operation(&self, request: &Request) -> &'static str {
        let path = request.path.as_str();
        let open = || open::operation(request);
        let table: [(&str, &'static str); 13] = [
            ("/rate/", "rate"),
            ("/track/query", "track"),
            ("/print/", "recover"),
            ("/static/label/", "recover"),
            ("/selectcode", "other"),
            ("/area/", "address"),
            ("/validate", "other"),
            ("barCodesAssgine", "other"),
            ("cancelOrder", "void"),
            ("/orderService/", "buy"),
            ("/surface/download", "recover"),
            ("getOrderFee", "other"),
            ("queryMailTrackWn", "track"),
        ];
        if path.ends_with("/api/open") || path.ends_with("/api/test") {
            return open();
        }
        if let Some((_, operation)) = table.iter().find(|(part, _)| path.contains(part)) {
            return operation;
        }
        match request.method.as_str() {
            "POST" if path.ends_with("/order") => "buy",
            "DELETE" => "void",
            _ => "other",
        }
    }

    fn handles(&self, request: &Request) -> Vec<String> {
        if request.path.contains("/pcp/") {
            return pcp::handles(request);
        }
        match xml::parse(&request.body) {
            Some(root) => eub::handles(&root),
            None => open::handles(request),
        }
    }

    fn answer(&self, cx: &Cx, request: &Request) -> Reply {
        let path = request.path.as_str();
        if path.ends_with("/api/open") || path.ends_with("/api/test") {
            open::answer(cx, request)
        } else if path.contains("/pcp/") {
            pcp::answer(cx, request)
        } else {
            eub::answer(cx, request)
        }
    }

    fn trouble(&self, trouble: Trouble) -> Reply {
        match trouble {
            Trouble::Unauthorized => eub::status(false, "V02", "用户不存在或身份标识错误"),
            Trouble::TooManyRequests => Reply::html(429),
            Trouble::Server(status) => Reply::html(status),
        }
    }
}
