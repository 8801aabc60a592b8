import * as z from 'zod'

/** A W3C `traceparent`, version 00 (https://www.w3.org/TR/trace-context/#traceparent-header). */
export const Traceparent = z
  .string()
  .regex(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/, 'not a traceparent of version 00')

/** The trace id of a `traceparent`, 32 hex digits, for a log line. Undefined if there is none, or if it is invalid. */
export function traceIdOf(traceparent: unknown): string | undefined {
  return Traceparent.safeParse(traceparent).data?.slice(3, 35)
}
