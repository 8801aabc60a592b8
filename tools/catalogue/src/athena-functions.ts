/**
 * The one place where the dialects meet: functions of Athena (Trino) that DuckDB has under other names, and that the
 * files in `sql` and the merge use. Everything else in them means the same to both.
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
  'CREATE MACRO json_format(value) AS CAST(value AS VARCHAR)',
]

/**
 * Athena's days and times are those of UTC. Its joins go in the order in which they are written where it has no statistics;
 * DuckDB would guess one, and for look-alikes it guesses to compare every image of an app with every other one.
 */
export const ATHENA_SESSION = "SET TimeZone = 'UTC'; SET disabled_optimizers = 'join_order'"
