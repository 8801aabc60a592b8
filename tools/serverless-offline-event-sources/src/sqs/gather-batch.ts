import type { SQSRecord } from 'aws-lambda'
import type { SqsMapping } from './mapping.ts'
import type { ReceiveRequest } from './messages.ts'
import { MAX_PAYLOAD_BYTES, payloadBytes } from './payload.ts'

const MAX_RECEIVED_MESSAGES = 10
const MAX_WAIT_SECONDS = 20

type Receive = (request: ReceiveRequest) => Promise<SQSRecord[]>

/**
 * Receives the next batch. It is empty if no message arrived within `firstWaitSeconds`. Without a window
 * it is the result of the first receive. With a window, which the first message starts, it receives
 * until the window ends, the batch is full or the payload limit is reached.
 */
export async function gatherBatch(
  receive: Receive,
  { batchSize, batchingWindowSeconds }: Pick<SqsMapping, 'batchSize' | 'batchingWindowSeconds'>,
  firstWaitSeconds = MAX_WAIT_SECONDS,
): Promise<SQSRecord[]> {
  const room = () => Math.min(MAX_RECEIVED_MESSAGES, batchSize - batch.length)
  const batch: SQSRecord[] = []
  batch.push(...(await receive({ maxMessages: room(), waitSeconds: firstWaitSeconds })))
  if (batch.length === 0) return batch

  const windowEnd = Date.now() + batchingWindowSeconds * 1000
  while (room() > 0 && payloadBytes(batch) < MAX_PAYLOAD_BYTES) {
    const secondsLeft = (windowEnd - Date.now()) / 1000
    if (secondsLeft <= 0) break
    // SQS only waits for whole seconds, so a window may end up to one second late.
    const waitSeconds = Math.min(MAX_WAIT_SECONDS, Math.ceil(secondsLeft))
    const more = await receive({ maxMessages: room(), waitSeconds }).catch(() => undefined)
    // Stopped or unreachable: process what has been received.
    if (!more) break
    batch.push(...more)
  }
  return batch
}
