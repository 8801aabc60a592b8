import type { S3Client } from '@aws-sdk/client-s3'
import type { SQSClient } from '@aws-sdk/client-sqs'

/** `lost`: the request never arrives. `unanswered`: it arrives, but its response does not. */
export type Fault = 'lost' | 'unanswered' | undefined

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
  const answer = await send()
  if (fault === 'unanswered') throw new Error('the connection was reset')
  return answer
}
