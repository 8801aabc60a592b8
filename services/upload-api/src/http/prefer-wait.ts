/** A gateway gives up after 30 seconds. */
const MAX_WAIT_SECONDS = 25

/**
 * The `wait` preference (RFC 7240, section 4.3) in seconds, at most 25; undefined where there is none.
 * What cannot be understood is ignored, as the RFC asks.
 */
export function readPreferWait(header: string | undefined): number | undefined {
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(header ?? '')?.[1]
  return seconds === undefined ? undefined : Math.min(Number(seconds), MAX_WAIT_SECONDS)
}
