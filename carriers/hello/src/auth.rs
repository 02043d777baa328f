//! How a token is got. The cache in core decides when: one request for any number of waiting calls.
//! Next: `rate.rs`.

use http::Method;
use waybill_core::{Cx, Repeatable, Request, Response, Result, SpendPermit, Token, wire};

use crate::carrier::Hello;
use crate::error;
use crate::wire::token::{TokenReply, TokenRequest};

impl Hello {
    async fn fetch_token(&self, cx: &Cx) -> Result<Token> {
        let keys = TokenRequest {
            client_id: &self.config.client_id,
            client_secret: self.config.client_secret.expose(),
        };
        let request = wire::json_request(Method::POST, &self.at("oauth/token"), &keys)?;
        let reply: TokenReply = error::read(&cx.read(request).await?, "token")?;
        Ok(Token::lasting(reply.access_token, cx.now(), reply.expires_in))
    }

    /// Sends a request that may be repeated, with a token.
    pub(crate) async fn send(&self, cx: &Cx, effect: Repeatable, request: Request) -> Result<Response> {
        self.tokens.send(cx, effect, || self.fetch_token(cx), |token| with_token(&request, token)).await
    }

    /// Sends a request that spends money, once.
    pub(crate) async fn spend(&self, cx: &Cx, permit: SpendPermit, request: Request) -> Result<Response> {
        self.tokens.spend(cx, permit, || self.fetch_token(cx), |token| with_token(&request, token)).await
    }
}

fn with_token(request: &Request, token: &Token) -> Result<Request> {
    let mut request = request.clone();
    wire::bearer(&mut request, token)?;
    Ok(request)
}
