import { type S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import type { SQSClient } from '@aws-sdk/client-sqs'

/**
 * `lost`: the request never arrives. `unanswered`: it arrives, but its response does not. Otherwise S3 or SQS refuses it with
 * a status and a code.
 */
export type Fault = 'lost' | 'unanswered' | { status: number; code: string } | undefined

/** Called before each command. Our own retries call it again; the SDK's do not. */
export type FaultFor = (commandName: string | undefined, input: object) => Fault | Promise<Fault>

/** @returns a function that stops it */
export function injectFaults(clients: { s3: S3Client; sqs: SQSClient }, faultFor: FaultFor): () => void {
  const { s3, sqs } = clients
  const at = { name: 'inject-faults', step: 'initialize' } as const
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) =>
        withFault(await faultFor(commandName, args.input), () => next(args)),
    at,
  )
  sqs.middlewareStack.add(
    (next, { commandName }) =>
      async (args) =>
        withFault(await faultFor(commandName, args.input), () => next(args)),
    at,
  )
  return () => {
    for (const client of [s3, sqs]) client.middlewareStack.remove(at.name)
  }
}

async function withFault<Answer>(fault: Fault, send: () => Promise<Answer>): Promise<Answer> {
  if (fault === 'lost') throw new Error('the connection was refused')
  if (typeof fault === 'object') throw refusalOf(fault)
  const answer = await send()
  if (fault === 'unanswered') throw new Error('the connection was reset')
  return answer
}

/** As the SDK throws it. */
function refusalOf({ status, code }: { status: number; code: string }): S3ServiceException {
  return new S3ServiceException({
    name: code,
    message: `refused: ${code}`,
    $fault: 'client',
    $metadata: { httpStatusCode: status },
  })
}
