import type { SQSRecord } from 'aws-lambda'
import { payloadBytes, payloadLimit } from './payload.ts'
import type { ReceiveRequest } from './receive-messages.ts'
import type { SqsMapping } from './sqs-mapping.ts'

const RECEIVE_LIMIT = 10
const LONGEST_WAIT_SECONDS = 20

type Receive = (request: ReceiveRequest) => Promise<SQSRecord[]>

/**
 * The next batch; empty if nothing came within `firstWaitSeconds`. Without a window it is whatever
 * the first answer holds. With one, gathering goes on until the window, which the first message
 * opens, has ended, the batch is full, or its payload is.
 */
export async function gatherBatch(
  receive: Receive,
  { batchSize, batchingWindow }: Pick<SqsMapping, 'batchSize' | 'batchingWindow'>,
  firstWaitSeconds = LONGEST_WAIT_SECONDS,
): Promise<SQSRecord[]> {
  const room = () => Math.min(RECEIVE_LIMIT, batchSize - batch.length)
  const batch: SQSRecord[] = []
  batch.push(...(await receive({ atMost: room(), waitSeconds: firstWaitSeconds })))
  if (batch.length === 0) return batch

  const windowEnd = Date.now() + batchingWindow * 1000
  while (room() > 0 && payloadBytes(batch) < payloadLimit) {
    const secondsLeft = (windowEnd - Date.now()) / 1000
    if (secondsLeft <= 0) break
    // SQS waits whole seconds only, so a window may end up to one second late.
    const waitSeconds = Math.min(LONGEST_WAIT_SECONDS, Math.ceil(secondsLeft))
    const more = await receive({ atMost: room(), waitSeconds }).catch(() => undefined)
    // Stopped or unreachable: what has been received is still to be worked on.
    if (!more) break
    batch.push(...more)
  }
  return batch
}
