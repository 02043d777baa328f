//! `waybill accounts`: list, form, link, test, unlink.

use std::io::{BufRead, IsTerminal, Write};

use comfy_table::Cell;
use serde_json::{Map, Value};
use waybill_core::AccountReply;
use waybill_shop::Owner;

use super::args::{AccountsCommand, LinkArgs};
use super::{Failure, Output, input};
use crate::{FieldKind, FormField, LinkForm, LinkRequest, LinkedAccount, Waybill, put_setting};

pub(crate) async fn run(
    output: &Output,
    host: &Waybill,
    account: Option<&str>,
    command: Option<&AccountsCommand>,
) -> Result<(), Failure> {
    match (account, command) {
        (Some(account), _) => test(output, host, account).await,
        (None, None) => list(output, host).await,
        (None, Some(AccountsCommand::List { history: false })) => list(output, host).await,
        (None, Some(AccountsCommand::List { history: true })) => history(output, host).await,
        (None, Some(AccountsCommand::Form { carrier, country })) => {
            form(output, &host.link_form(carrier, *country)?);
            Ok(())
        }
        (None, Some(AccountsCommand::Link(args))) => link(output, host, args).await,
        (None, Some(AccountsCommand::Test { account })) => test(output, host, account).await,
        (None, Some(AccountsCommand::Unlink { account, even_so })) => {
            host.unlink(host.tenant(), account, *even_so).await?;
            if output.json() {
                output.print_json(&serde_json::json!({ "unlinked": account }));
            }
            output.line(format!("{account}: unlinked; its rates are gone, its purchases and labels stay"));
            Ok(())
        }
    }
}

async fn test(output: &Output, host: &Waybill, account: &str) -> Result<(), Failure> {
    let proof = host.test_account(host.tenant(), account).await?;
    if output.json() {
        output.print_json(&proof);
    } else {
        proven(output, account, &proof);
    }
    Ok(())
}

fn proven(output: &Output, name: &str, proof: &AccountReply) {
    let number = proof.account_hint.as_ref().map(|hint| format!(", account {hint}")).unwrap_or_default();
    output.line(format!("{name}: the credentials work (proven by {}{number})", proof.proven_by));
    if proof.test_mode == Some(true) {
        output.line("note: the carrier is in its own test mode");
    }
    if let Some(balance) = &proof.balance {
        output.line(format!("balance: {balance}"));
    }
    proof.notices.iter().for_each(|notice| output.line(format!("note: {}", notice.message)));
}

async fn list(output: &Output, host: &Waybill) -> Result<(), Failure> {
    let all = host.account_list(host.tenant()).await?;
    if output.json() {
        output.print_json(&all);
        return Ok(());
    }
    if all.is_empty() {
        output.line("no account yet: `waybill config example` prints one, `waybill accounts link CARRIER` links your own");
        return Ok(());
    }
    let mut table = output.compact(&["account", "carrier", "whose", "number", "environment"]);
    for view in &all {
        let environment = match &view.trouble {
            Some(error) => format!("cannot be opened: {error}"),
            None => view.environment.clone(),
        };
        table.add_row(vec![
            output.strong(&view.account.name),
            Cell::new(view.account.carrier.as_str()),
            Cell::new(match view.account.owner {
                Owner::House => "operator",
                Owner::Own => "own",
            }),
            Cell::new(view.number.as_deref().unwrap_or_default()),
            Cell::new(environment),
        ]);
    }
    output.line(table.to_string());
    Ok(())
}

async fn history(output: &Output, host: &Waybill) -> Result<(), Failure> {
    let all = host.link_history(host.tenant()).await?;
    if output.json() {
        output.print_json(&all);
        return Ok(());
    }
    let mut table = output.compact(&["when (UTC)", "account", "carrier", "what"]);
    for event in &all {
        let at = event.at.format("%Y-%m-%d %H:%M").to_string();
        table.add_row(vec![at, event.account.clone(), event.carrier.to_string(), event.what.clone()]);
    }
    output.line(table.to_string());
    Ok(())
}

fn form(output: &Output, form: &LinkForm) {
    if output.json() {
        return output.print_json(form);
    }
    output.line(format!("To link an account at {}:\n", form.carrier_name));
    for field in &form.fields {
        let needed = match (&field.needed, &field.needed_in) {
            (true, _) => "needed".to_owned(),
            (_, Some(section)) => format!("needed with `{section}`"),
            _ => "optional".to_owned(),
        };
        let secret = if field.secret { ", secret" } else { "" };
        let kind = match &field.kind {
            FieldKind::Text => String::new(),
            FieldKind::Whole => ", a whole number".to_owned(),
            FieldKind::Flag => ", true or false".to_owned(),
            FieldKind::Choice(words) => format!(", one of {}", words.join(", ")),
            FieldKind::Json => ", JSON".to_owned(),
        };
        let default = field.default.as_ref().map(|value| format!(", default {value}")).unwrap_or_default();
        let pattern = field.pattern.as_ref().map(|text| format!(", form {text}")).unwrap_or_default();
        output.line(format!("  {} ({needed}{secret}{kind}{pattern}{default})", field.key));
        if !field.help.is_empty() {
            output.line(format!("      {}", field.help));
        }
    }
    let consent = if form.consent { ", or `--consent` to sign in at the carrier" } else { "" };
    output.line(format!(
        "\n`waybill accounts link {}` asks for the needed ones; scripts use --field, --field-env, --field-file, --from-file{consent}",
        form.carrier
    ));
}

async fn link(output: &Output, host: &Waybill, args: &LinkArgs) -> Result<(), Failure> {
    let form = host.link_form(&args.carrier, args.country)?;
    let mut settings = settings(output, &form, args)?;
    // What the consent grants is not typed.
    let asks = !args.consent && !output.json() && std::io::stdin().is_terminal();
    if asks {
        ask_missing(&form, &mut settings)?;
    }
    let request = LinkRequest {
        tenant: host.tenant().to_owned(),
        name: args.name.clone(),
        carrier: args.carrier.clone(),
        settings,
        country: args.country,
        renew: args.renew,
    };
    let linked = if args.consent {
        super::consent::sign_in(output, host, request, &args.redirect).await?
    } else {
        let progress = output.progress(format!("asking {} about the credentials", form.carrier_name));
        let linked = host.link(request).await;
        progress.finish_and_clear();
        linked?
    };
    finished(output, &linked);
    Ok(())
}

fn finished(output: &Output, linked: &LinkedAccount) {
    if output.json() {
        output.print_json(linked);
        return;
    }
    let name = &linked.account.name;
    proven(output, name, &linked.proof);
    output.line(format!(
        "{name}: linked; `waybill rates` shows its rates beside the others, `waybill accounts unlink {name}` forgets it"
    ));
}

/// The fields of files, variables and flags.
fn settings(output: &Output, form: &LinkForm, args: &LinkArgs) -> Result<Map<String, Value>, Failure> {
    let mut settings = match &args.from_file {
        Some(path) => input::table(path)?,
        None => Map::new(),
    };
    let pairs = |flag: &str, list: &[String]| -> Result<Vec<(String, String)>, Failure> {
        let pair = |text: &String| match text.split_once('=') {
            Some((key, value)) => Ok((key.trim().to_owned(), value.to_owned())),
            // What stands there may be a secret.
            None => Err(Failure::input(format!("{flag}: write KEY=VALUE"))),
        };
        list.iter().map(pair).collect()
    };
    for (key, value) in pairs("--field", &args.fields)? {
        let field = form.field(&key)?;
        if field.secret {
            output.warn(format!(
                "{key} is a secret: on the command line others on this machine can see it and the shell keeps it; use --field-env or --field-file"
            ));
        }
        put_setting(&mut settings, &key, field.value(&value)?);
    }
    for (key, name) in pairs("--field-env", &args.from_env)? {
        let value = std::env::var(&name)
            .map_err(|_| Failure::input(format!("--field-env {key}: the variable {name} is not set")))?;
        put_setting(&mut settings, &key, form.field(&key)?.value(&value)?);
    }
    for (key, path) in pairs("--field-file", &args.from_files)? {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::input(format!("--field-file {key}: {path}: {error}")))?;
        put_setting(&mut settings, &key, form.field(&key)?.value(text.trim_end())?);
    }
    Ok(settings)
}

/// Asks for what is missing, secrets without showing them.
fn ask_missing(form: &LinkForm, settings: &mut Map<String, Value>) -> Result<(), Failure> {
    let missing: Vec<FormField> = form.missing(settings).into_iter().cloned().collect();
    for field in missing {
        if !field.help.is_empty() {
            eprintln!("{}", field.help);
        }
        let value = loop {
            let text = ask(&field)?;
            match field.value(&text) {
                Ok(value) if !text.trim().is_empty() => break value,
                Ok(_) => eprintln!("it is needed"),
                Err(error) => eprintln!("{error}"),
            }
        };
        put_setting(settings, &field.key, value);
    }
    Ok(())
}

fn ask(field: &FormField) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::input(format!("{}: cannot be read: {error}", field.key));
    if field.secret {
        return rpassword::prompt_password(format!("{}: ", field.title)).map_err(failed);
    }
    eprint!("{}: ", field.title);
    std::io::stderr().flush().map_err(failed)?;
    line().map_err(failed)
}

/// A line from standard input; an end of input is an error.
pub(crate) fn line() -> std::io::Result<String> {
    let mut text = String::new();
    match std::io::stdin().lock().read_line(&mut text)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
    }
}
