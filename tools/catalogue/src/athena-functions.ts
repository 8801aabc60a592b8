/**
 * Functions of Athena (Trino) that have other names in DuckDB and are used in the queries and the merge. Everything else is
 * the same in both dialects.
 * https://trino.io/docs/current/functions.html, https://duckdb.org/docs/stable/sql/functions/overview
 */
export const ATHENA_FUNCTIONS = [
  'CREATE MACRO approx_percentile(x, share) AS approx_quantile(x, share)',
  'CREATE MACRO from_hex(digits) AS digits',
  "CREATE MACRO from_big_endian_64(digits) AS CAST(CAST(CAST('0x' || digits AS UBIGINT) AS BIT) AS BIGINT)",
  'CREATE MACRO bitwise_and(a, b) AS a & b',
  'CREATE MACRO bitwise_xor(a, b) AS xor(a, b)',
  'CREATE MACRO bit_count(number, bits) AS CAST(system.main.bit_count(number) AS BIGINT)',
  'CREATE MACRO from_iso8601_timestamp(text) AS CAST(text AS TIMESTAMPTZ)',
  'CREATE MACRO regexp_like(value, pattern) AS regexp_matches(value, pattern)',
  // Does not depend on the order of rows, and counts equal ones.
  'CREATE MACRO checksum(value) AS sum(hash(value))',
  'CREATE MACRO json_format(value) AS CAST(value AS VARCHAR)',
  'CREATE MACRO json_parse(text) AS CAST(text AS JSON)',
  'CREATE MACRO element_at(map, key) AS map_extract_value(map, key)',
]

/**
 * Athena uses UTC. Without statistics, Athena joins tables in the written order. DuckDB would choose its own order, and for
 * look-alikes it would compare every image of an app with every other one.
 */
export const ATHENA_SESSION = "SET TimeZone = 'UTC'; SET disabled_optimizers = 'join_order'"
