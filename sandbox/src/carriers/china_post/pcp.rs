//! pcp-erp: forms with a digest, base64 of the sixteen bytes of MD5(body + key).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::{ACCOUNTS, desk};
use crate::http::Json as _;
use crate::{Account, Cx, Reply, Request};

/// One field of the form.
fn field(form: &[(String, String)], name: &str) -> Option<String> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

pub(super) fn handles(request: &Request) -> Vec<String> {
    let body = field(&request.form(), "logistics_interface")
        .and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let body = body.unwrap_or_default();
    ["/logistics_order_no", "/waybill_no"].iter().filter_map(|pointer| body.text(pointer)).collect()
}

/// The account whose key signed the text.
fn signer(id: Option<&str>, text: &str, digest: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().filter(|account| id.is_none_or(|id| id == account.client_id)).find(|account| {
        let sum = Md5::new().chain_update(text).chain_update(account.client_secret).finalize();
        STANDARD.encode(sum) == digest
    })
}

pub(super) fn answer(cx: &Cx, request: &Request) -> Reply {
    let form = request.form();
    let get = |name: &str| field(&form, name).unwrap_or_default();
    let id = field(&form, "ecCompanyId");
    let path = request.path.as_str();
    let ok = |body: Value| Reply::json(200, &body);
    if path.ends_with("getBusinessData") {
        return ok(
            json!({"data": [{"businessCode": "001", "businessName": "e邮宝"}, {"businessCode": "002", "businessName": "挂号小包"}]}),
        );
    }
    let (text, digest) = if path.ends_with("barCodeService") {
        (get("logisticsOrder"), get("data_digest"))
    } else if path.ends_with("/surface/download") {
        (get("barCode"), get("dataDigest"))
    } else if path.ends_with("getOrderFee") {
        (get("waybillNos"), get("dataDigest"))
    } else if path.ends_with("cancelOrder") {
        let digest = field(&form, "dataDigest").unwrap_or_else(|| get("data_digest"));
        (get("waybillNo"), digest)
    } else {
        (get("logistics_interface"), get("data_digest"))
    };
    let account = signer(id.as_deref(), &text, &digest);
    if path.ends_with("barCodeService") {
        ok(numbers(cx, account, &text))
    } else if path.ends_with("/surface/download") {
        label(cx, account, &text, &get("version"))
    } else if path.ends_with("getOrderFee") {
        ok(fees(cx, account, &text))
    } else if path.ends_with("cancelOrder") {
        let done = account.is_some_and(|account| desk::cancel(cx, account, &text));
        ok(json!({"flag": done.to_string(), "message": if done { "取消成功" } else { "取消失败" }}))
    } else if path.contains("/orderService/") {
        ok(order(cx, account, &text))
    } else {
        Reply::html(404)
    }
}

fn numbers(cx: &Cx, account: Option<&Account>, text: &str) -> Value {
    let refused = |code: &str, text: &str| json!({"return_success": "false", "return_reason": code, "return_msg": text});
    let Some(account) = account else { return refused("S03", "签名错误") };
    let Ok(body) = serde_json::from_str::<Value>(text) else { return refused("S01", "非法的JSON格式") };
    let orders = body.list("/order");
    if orders.is_empty() || orders.iter().any(|order| order.text("/logisticsOrderId").is_none()) {
        return refused("B03", "必填项为空");
    }
    let list: Vec<Value> = orders
        .iter()
        .map(|order| {
            let number = desk::allocate(cx, account, &order.text("/logisticsBiz").unwrap_or_default());
            json!({"bar_code": number, "logisticsOrderId": order["logisticsOrderId"]})
        })
        .collect();
    json!({"return_success": "true", "barCodeList": list})
}

fn order(cx: &Cx, account: Option<&Account>, text: &str) -> Value {
    let refused = |code: &str, text: &str| json!({"success": "false", "reason": code, "msg": text});
    let Some(account) = account else { return refused("S02", "签名错误") };
    let Ok(body) = serde_json::from_str::<Value>(text) else {
        return refused("S01", "非法的XML/JSON格式");
    };
    if body.text("/sender_no").as_deref() != Some(account.number) {
        return refused("S03", "客户代码错误");
    }
    match desk::order(cx, account, desk::read(&body)) {
        Ok(sale) => json!({"success": "true", "waybillNo": sale.shipment}),
        Err(problem) => refused(problem.words().0, problem.words().1),
    }
}

/// PDF bytes in version 1.0, JSON with hexadecimal text in 2.0, JSON on failure in both.
fn label(cx: &Cx, account: Option<&Account>, numbers: &str, version: &str) -> Reply {
    let refused = |code: &str, text: &str| {
        Reply::json(200, &json!({"success": "false", "err_code": code, "msg": text}))
    };
    let Some(account) = account else { return refused("S02", "签名错误") };
    let pdfs: Option<Vec<Vec<u8>>> =
        numbers.split(',').map(|number| desk::label(cx, account, number.trim())).collect();
    let Some(pdfs) = pdfs else { return refused("B04", "邮件号不存在") };
    let parts: Vec<&[u8]> = pdfs.iter().map(Vec::as_slice).collect();
    let Ok(pdf) = waybill_documents::merge_pdfs(&parts) else { return refused("S06", "系统异常") };
    if version == "2.0" {
        let hex: String = pdf.iter().map(|byte| format!("{byte:02x}")).collect();
        return Reply::json(200, &json!({"success": "true", "err_code": "", "msg": "", "data": hex}));
    }
    Reply::new(200, "application/pdf", pdf)
}

fn fees(cx: &Cx, account: Option<&Account>, numbers: &str) -> Value {
    let Some(account) = account else {
        return json!({"return_success": "false", "data": [], "return_msg": "签名错误", "return_reason": "S02"});
    };
    let rows: Vec<Value> = numbers
        .split(',')
        .filter_map(|number| Some((number, desk::fee(cx, account, number)?)))
        .map(|(number, (fen, grams))| json!({"waybillNo": number, "weight": grams.to_string(), "fee": crate::world::money(fen)}))
        .collect();
    json!({"return_success": "true", "data": rows, "return_msg": "", "return_reason": ""})
}
