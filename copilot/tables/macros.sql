-- Repairs of what people and systems write into exports. Every argument is text.

-- translate() is slow, so plain ASCII (as many bytes as characters) goes round it.
CREATE MACRO half_width(t) AS CASE WHEN strlen(t) = length(t) THEN t ELSE translate(t,
    '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ．，－＋％（）：／＿　',
    '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,-+%():/_ ') END;

-- Excel keeps long numbers as text by a tab at the end; Chinese systems pad with wide spaces.
CREATE MACRO trimmed(t) AS CASE
    WHEN strlen(t) = length(t) AND NOT contains(t, chr(9)) THEN trim(t)
    ELSE trim(t, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(12288)) END;

-- 人民币１，２３４．５０元 → 1,234.50
CREATE MACRO bare_number(t) AS
    regexp_replace(half_width(t), '\s|¥|￥|人民币|^(RMB|CNY)|元整?$', '', 'g');

-- Thousands separators count only where they stand in threes: 12,34 is not a number we can read.
-- Accountants write a negative amount in brackets.
CREATE MACRO ungrouped(t) AS CASE
    WHEN regexp_full_match(t, '([-+]?N|\(N\))[万亿]?'.replace('N', '(\d{1,3}(,\d{3})+|\d+)(\.\d+)?'))
        THEN t.replace(',', '').replace('(', '-').replace(')', '') END;

CREATE MACRO scaled_number(t) AS
    TRY_CAST(rtrim(t, '万亿') AS DECIMAL(28, 8))
    * CASE right(t, 1) WHEN '万' THEN 10000 WHEN '亿' THEN 100000000 ELSE 1 END;

CREATE MACRO repaired_number(t) AS TRY_CAST(scaled_number(ungrouped(bare_number(t))) AS DECIMAL(28, 4));

CREATE MACRO whole_number(n) AS CASE WHEN n = trunc(n) THEN TRY_CAST(n AS BIGINT) END;

-- A timestamp in the bank's own time; one without an offset is taken to be local already.
CREATE MACRO local_time(t, zone) AS CASE
    WHEN length(t) > 19 AND regexp_matches(t, '(Z|[+-]\d{2}(:?\d{2})?)$')
        THEN timezone(zone, TRY_CAST(t AS TIMESTAMPTZ))
    ELSE TRY_CAST(t AS TIMESTAMP) END;

CREATE MACRO sane_day(d) AS CASE WHEN year(d) BETWEEN 1900 AND 2199 THEN d END;

CREATE MACRO json_list(t) AS CASE
    WHEN regexp_full_match(t, '\d+(\s*[;；、,，|]\s*\d+)*')
        THEN '[' || regexp_replace(t, '\s*[;；、,，|]\s*', ',', 'g') || ']'
    ELSE CAST(to_json(regexp_split_to_array(t, '\s*[;；、,，|]\s*')) AS VARCHAR) END;
