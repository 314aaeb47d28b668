//! Reads webhooks and what was delivered.

use super::{
    convert::{delivery_out, state, webhook_out},
    store,
};
use crate::Gateway;
use contracts::mentor::gateway::v1::{
    GetWebhookRequest, GetWebhookResponse, ListDeliveriesRequest, ListDeliveriesResponse,
    ListWebhooksRequest, ListWebhooksResponse,
};
use kernel::{Page, Result, parse_id};
use storage::Tx;

pub(crate) async fn get_webhook(
    _: &Gateway,
    tx: &mut Tx,
    request: GetWebhookRequest,
) -> Result<GetWebhookResponse> {
    let webhook = store::find(tx, parse_id("webhook_id", &request.webhook_id)?).await?;
    Ok(GetWebhookResponse { webhook: Some(webhook_out(&webhook)) })
}

pub(crate) async fn list_webhooks(
    _: &Gateway,
    tx: &mut Tx,
    request: ListWebhooksRequest,
) -> Result<ListWebhooksResponse> {
    let page = Page::read(request.page_size, &request.page_token, "webhooks")?;
    let found = store::list(tx, &page).await?;
    let (found, next_page_token) = page.finish(found, |webhook| webhook.id);
    Ok(ListWebhooksResponse { webhooks: found.iter().map(webhook_out).collect(), next_page_token })
}

pub(crate) async fn list_deliveries(
    _: &Gateway,
    tx: &mut Tx,
    request: ListDeliveriesRequest,
) -> Result<ListDeliveriesResponse> {
    let webhook = parse_id("webhook_id", &request.webhook_id)?;
    store::find(tx, webhook).await?;
    let state = state(request.state);
    let page = Page::read(request.page_size, &request.page_token, format!("deliveries {webhook} {state:?}"))?;
    let found = store::log::list(tx, webhook, state, &page).await?;
    let (found, next_page_token) = page.finish(found, |delivery| delivery.event);
    Ok(ListDeliveriesResponse { deliveries: found.into_iter().map(delivery_out).collect(), next_page_token })
}
