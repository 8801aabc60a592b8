/** A W3C `traceparent`, version 00; an invalid one is ignored, as the specification asks. */
export function readTraceparent(header: string | undefined): string | undefined {
  return header && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(header) ? header : undefined
}
