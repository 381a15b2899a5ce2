-- 到期：最近快照里尚未到期的资产类持仓。同一天到期的合并金额，依据取其中最大一笔。
with h as (
  select customer_id, holding_id, product_type, amount, matures_on, auto_renew,
    coalesce(currency, (select currency from policy)) = (select currency from policy) as own
  from holdings
  where as_of = (select max(as_of) from snapshots where as_of <= $as_of)
    and product_type not in ('loan', 'credit_card')
    and matures_on >= $as_of
),
a as (
  select
    customer_id,
    min(matures_on) filter (where matures_on > $as_of and own) as next_maturity_on,
    sum(amount) filter (where matures_on > $as_of and matures_on <= $as_of + 30 and own)
      as maturing_30,
    sum(amount) filter (where matures_on = $as_of and own) as maturing_today,
    min(matures_on) filter (where matures_on > $as_of and product_type = 'fx') as fx_maturity_on
  from h
  group by customer_id
),
ranked as (
  select h.customer_id, h.holding_id, h.product_type, h.auto_renew, h.matures_on, h.amount,
    row_number() over (
      partition by h.customer_id, h.matures_on order by h.amount desc, h.holding_id) as place,
    sum(h.amount) over (partition by h.customer_id, h.matures_on) as day_amount
  from h where h.own
),
fx as (
  select h.customer_id, min(h.holding_id) as fx_maturity_key
  from h join a on a.customer_id = h.customer_id and a.fx_maturity_on = h.matures_on
  where h.product_type = 'fx'
  group by h.customer_id
)
select
  c.customer_id,
  date_diff('day', $as_of, a.next_maturity_on) as days_to_maturity,
  a.next_maturity_on,
  cast(r.day_amount as bigint) as next_maturity_amount,
  r.product_type as next_maturity_type,
  r.auto_renew as next_maturity_auto_renew,
  r.holding_id as next_maturity_key,
  case when s.holdings_on is not null then cast(coalesce(a.maturing_30, 0) as bigint) end
    as maturing_30,
  case when s.holdings_on is not null then cast(coalesce(a.maturing_today, 0) as bigint) end
    as maturing_today,
  q.product_type as maturing_today_type,
  q.holding_id as maturing_today_key,
  a.fx_maturity_on,
  fx.fx_maturity_key
from customers c
cross join (select max(as_of) as holdings_on from snapshots where as_of <= $as_of) as s
left join a on a.customer_id = c.customer_id
left join ranked r on r.customer_id = c.customer_id
  and r.matures_on = a.next_maturity_on and r.place = 1
left join ranked q on q.customer_id = c.customer_id and q.matures_on = $as_of and q.place = 1
left join fx on fx.customer_id = c.customer_id
