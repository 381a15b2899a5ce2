-- 年龄与开户时长。只有出生年份时按年计算；开户日晚于数据日的视为未知。
select
  c.customer_id,
  case
    when c.birth_date is not null then
      year($as_of) - year(c.birth_date)
      - case when month($as_of) * 100 + day($as_of)
          < month(c.birth_date) * 100 + day(c.birth_date) then 1 else 0 end
    when c.birth_year is not null then year($as_of) - c.birth_year
  end as age,
  case when c.opened_on <= $as_of then date_diff('day', c.opened_on, $as_of) end as tenure_days
from customers c
