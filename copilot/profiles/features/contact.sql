-- 触达、到访、转介、投诉与同意。服务类往来不算营销触达；同一时点的同意以拒绝为准。
with i as (
  select customer_id, cast("at" as date) as on_date, id,
    coalesce(outcome, '') in (select outcome from policy_refusals) as refused,
    coalesce(kind, '') not in (select kind from policy_service_kinds) as contact
  from interactions
  where cast("at" as date) <= $as_of
),
touches as (
  select
    customer_id,
    max(on_date) filter (where contact) as last_contact_on,
    count(*) filter (where contact and on_date > $as_of - 90) as contacts_90,
    max(on_date) filter (where refused) as last_refusal_on,
    count(*) filter (where refused and on_date > $as_of - 180) as refusals_180
  from i group by customer_id
),
stated as (
  select customer_id, purpose, channel, "at", granted
  from consents
  where cast("at" as date) <= $as_of
),
channels as (
  select 'phone' as channel union all select 'sms' union all select 'wecom'
  union all select 'app' union all select 'email'
),
ordered as (
  select s.customer_id, k.channel, s.granted,
    row_number() over (
      partition by s.customer_id, k.channel order by s."at" desc, s.granted) as place
  from stated s
  join channels k on s.channel = k.channel or s.channel = 'all'
  where s.purpose = 'marketing'
),
consent as (
  select
    customer_id,
    max(case when channel = 'phone' and granted then 1 else 0 end) = 1 as consent_phone,
    max(case when channel = 'sms' and granted then 1 else 0 end) = 1 as consent_sms,
    max(case when channel = 'wecom' and granted then 1 else 0 end) = 1 as consent_wecom,
    max(case when channel = 'app' and granted then 1 else 0 end) = 1 as consent_app
  from ordered where place = 1
  group by customer_id
),
profiling as (
  select customer_id, granted,
    row_number() over (partition by customer_id order by "at" desc, granted) as place
  from stated where purpose = 'profiling'
),
issues as (
  select customer_id, count(*) as complaints_open
  from complaints
  where coalesce(status, 'open') <> 'closed' and ("at" is null or cast("at" as date) <= $as_of)
  group by customer_id
),
visit as (
  select customer_id, max(cast("at" as date)) as last_visit_on,
    count(*) filter (where cast("at" as date) > $as_of - 90) as visits_90
  from visits
  where cast("at" as date) <= $as_of and customer_id is not null
  group by customer_id
),
referral as (
  select customer_id, count(*) as referrals_open
  from referrals
  where cast("at" as date) <= $as_of and (accepted_at is null or cast(accepted_at as date) > $as_of)
  group by customer_id
)
select
  c.customer_id,
  date_diff('day', t.last_contact_on, $as_of) as last_contact_days,
  coalesce(t.contacts_90, 0) as contacts_90,
  date_diff('day', t.last_refusal_on, $as_of) as last_refusal_days,
  coalesce(t.refusals_180, 0) as refusals_180,
  coalesce(k.consent_phone, false) as consent_phone,
  coalesce(k.consent_sms, false) as consent_sms,
  coalesce(k.consent_wecom, false) as consent_wecom,
  coalesce(k.consent_app, false) as consent_app,
  coalesce(not p.granted, false) as profiling_refused,
  coalesce(m.complaints_open, 0) as complaints_open,
  date_diff('day', v.last_visit_on, $as_of) as last_visit_days,
  coalesce(v.visits_90, 0) as visits_90,
  coalesce(r.referrals_open, 0) as referrals_open
from customers c
left join touches t on t.customer_id = c.customer_id
left join consent k on k.customer_id = c.customer_id
left join profiling p on p.customer_id = c.customer_id and p.place = 1
left join issues m on m.customer_id = c.customer_id
left join visit v on v.customer_id = c.customer_id
left join referral r on r.customer_id = c.customer_id
