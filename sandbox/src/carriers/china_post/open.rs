//! EMS open platform: one address, an API code, a body in SM4.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeDecrypt as _, KeyInit as _};
use serde_json::{Value, json};

use super::{ACCOUNTS, SIGN_KEY, desk};
use crate::http::Json as _;
use crate::paper::base64;
use crate::world::money;
use crate::{Account, Cx, Reply, Request};

fn field(request: &Request, name: &str) -> String {
    request.form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
}

pub(super) fn operation(request: &Request) -> &'static str {
    match field(request, "apiCode").as_str() {
        "110001" | "020003" => "buy",
        "020006" => "void",
        "120001" | "010004" => "recover",
        "040001" => "track",
        "050005" => "rate",
        "030005" => "pickup",
        "060001" | "060002" => "address",
        _ => "other",
    }
}

pub(super) fn handles(request: &Request) -> Vec<String> {
    let body = open(&field(request, "logitcsInterface")).unwrap_or_default();
    let found = body.list("").into_iter().flat_map(|order| {
        ["/logistics_order_no", "/logisticsOrderNo", "/waybill_no"]
            .into_iter()
            .filter_map(|pointer| order.text(pointer))
    });
    found.collect()
}

/// `|$4|` + base64 of SM4-ECB over the JSON followed by the key's text.
fn open(sealed: &str) -> Option<Value> {
    let bytes = STANDARD.decode(sealed.strip_prefix("|$4|")?).ok()?;
    let key: [u8; 16] = STANDARD.decode(SIGN_KEY).ok()?.try_into().ok()?;
    let plain = ecb::Decryptor::<sm4::Sm4>::new(&key.into()).decrypt_padded_vec::<Pkcs7>(&bytes).ok()?;
    let text = String::from_utf8(plain).ok()?;
    serde_json::from_str(text.strip_suffix(SIGN_KEY)?).ok()
}

fn reply(cx: &Cx, code: &str, text: &str, body: &str) -> Reply {
    let now = cx.now() + chrono::TimeDelta::hours(8);
    Reply::json(
        200,
        &json!({"retCode": code, "retMsg": text, "retBody": body, "retDate": now.format("%Y-%m-%d %H:%M:%S").to_string(),
        "serialNo": format!("{:019}", cx.now().timestamp_millis()), "success": code == "00000"}),
    )
}

pub(super) fn answer(cx: &Cx, request: &Request) -> Reply {
    let (sender, token) = (field(request, "senderNo"), field(request, "authorization"));
    let Some(account) =
        ACCOUNTS.iter().find(|account| account.number == sender && account.client_secret == token)
    else {
        return reply(cx, "B00001", "授权码验证失败", "");
    };
    let Some(body) = open(&field(request, "logitcsInterface")) else {
        return reply(cx, "B00002", "解密失败", "");
    };
    // A list with one order is read as that order.
    let body = match body {
        Value::Array(mut orders) if orders.len() == 1 => orders.remove(0),
        body => body,
    };
    let number = body.text("/waybillNo").or_else(|| body.text("/barCode")).unwrap_or_default();
    let ok = |value: Value| reply(cx, "00000", "成功", &value.to_string());
    match field(request, "apiCode").as_str() {
        "110001" => order(cx, account, &body),
        "110002" => {
            let product =
                body.text("/bizProductNo").or_else(|| body.text("/biz_product_no")).unwrap_or_default();
            ok(json!({"waybillNo": desk::allocate(cx, account, &product)}))
        }
        "120001" | "010004" => match desk::label(cx, account, &number) {
            Some(pdf) => reply(cx, "00000", "成功", &base64(&pdf)),
            None => reply(cx, "B00010", "邮件号不存在", ""),
        },
        "020006" if desk::cancel(cx, account, &number) => {
            reply(cx, "00000", "撤单成功", &json!({"waybillNo": number}).to_string())
        }
        "020006" => reply(cx, "B00011", "撤单失败", ""),
        "040001" => track(cx, account, &number),
        "050001" => match desk::fee(cx, account, &number) {
            Some((fen, grams)) => {
                ok(json!({"waybillNo": number, "postageTotal": money(fen), "realWeight": grams.to_string()}))
            }
            None => reply(cx, "00000", "当前邮件无客户信息！", ""),
        },
        "050005" => {
            let grams =
                body.decimal("/weight").and_then(|grams| i64::try_from(grams.ceil()).ok()).unwrap_or(0);
            let country = body.text("/receiveInfo/nation").unwrap_or_default();
            let (standard, real) =
                (desk::postage(&country, grams, 0), desk::postage(&country, grams, account.discount));
            ok(json!({"totalFee": money(real), "realFee": money(real), "standardFee": money(standard)}))
        }
        "030005" => ok(json!({"status": "0"})),
        _ => reply(cx, "B00003", "接口代码错误", ""),
    }
}

fn order(cx: &Cx, account: &Account, body: &Value) -> Reply {
    match desk::order(cx, account, desk::read(body)) {
        Ok(sale) => reply(cx, "00000", "成功", &json!({"waybillNo": sale.shipment}).to_string()),
        Err(problem) => reply(cx, problem.words().0, problem.words().1, ""),
    }
}

/// Code 00000 without items: the number is not visible to this customer.
fn track(cx: &Cx, account: &Account, number: &str) -> Reply {
    let Some(sale) = desk::own(cx, account, number) else {
        return reply(cx, "00000", "当前邮件无客户信息！", "");
    };
    let items: Vec<Value> = desk::events(cx, &sale)
        .iter()
        .map(|(scan, [code, name, _])| {
            json!({"waybillNo": number, "opTime": desk::china_time(scan), "opCode": code, "opName": name,
                "opDesc": format!("【{}】{name}", scan.city), "opOrgProvName": scan.state, "opOrgCity": scan.city,
                "opOrgCode": "00000000", "opOrgName": scan.city, "operatorNo": "", "operatorName": "",
                "deliverCode": "", "attemptDeliveryCode": "", "productName": "国际"})
        })
        .collect();
    reply(cx, "00000", "查询结果正常返回！", &json!({"responseItems": items}).to_string())
}
