-- 客户告知的人生大事：近九十天最近的一件，同一天取代码靠前的。
with e as (
  select customer_id, as_of, value,
    row_number() over (partition by customer_id order by as_of desc, value) as place
  from attributes
  where name = 'life_event' and as_of > $as_of - 90 and as_of <= $as_of
)
select
  c.customer_id,
  e.value as life_event,
  e.as_of as life_event_on
from customers c
left join e on e.customer_id = c.customer_id and e.place = 1
