import type { SQSRecord } from 'aws-lambda'

/** Of one invocation, in bytes of JSON: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const payloadLimit = 6 * 1024 * 1024

export function payloadBytes(records: SQSRecord[]): number {
  return Buffer.byteLength(JSON.stringify({ Records: records }))
}

/** The records in order, in as few events within the limit as that takes; usually one. */
export function splitByPayload(records: SQSRecord[], limit = payloadLimit): SQSRecord[][] {
  if (payloadBytes(records) <= limit) return [records]
  const parts: SQSRecord[][] = []
  for (const record of records) {
    const last = parts.at(-1)
    if (last && payloadBytes([...last, record]) <= limit) last.push(record)
    else parts.push([record])
  }
  return parts
}
