/** What lies at the bottom of an error, for the log: clients wrap "wrong password" into "no broker" several times. */
export function reasonOf(error: unknown): string {
  const { errors, cause } = Object(error) as { errors?: unknown[]; cause?: unknown }
  const below = errors?.at(-1) ?? cause
  return below === undefined ? String(error) : reasonOf(below)
}
