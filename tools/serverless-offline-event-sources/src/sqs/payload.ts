import type { SQSRecord } from 'aws-lambda'

/** Limit of one invocation, as JSON: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024

export function payloadBytes(records: SQSRecord[]): number {
  return Buffer.byteLength(JSON.stringify({ Records: records }))
}

/** Splits records into events below the limit, in order. Usually one event is enough. */
export function splitByPayload(records: SQSRecord[], limit = MAX_PAYLOAD_BYTES): SQSRecord[][] {
  if (payloadBytes(records) <= limit) return [records]
  const parts: SQSRecord[][] = []
  for (const record of records) {
    const last = parts.at(-1)
    if (last && payloadBytes([...last, record]) <= limit) last.push(record)
    else parts.push([record])
  }
  return parts
}
