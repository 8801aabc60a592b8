import type { S3Client } from '@aws-sdk/client-s3'
import type { SQSClient } from '@aws-sdk/client-sqs'

/** What becomes of a request: it never gets there, or its answer never comes back. */
export type Fate = 'lost' | 'unanswered' | undefined

/** Is asked before each command that a client sends, and again for a repetition of ours, not for one of the SDK's. */
export type FateOf = (commandName: string | undefined, input: object) => Fate | Promise<Fate>

/** @returns a function that ends it */
export function interfere(clients: { s3: S3Client; sqs: SQSClient }, fateOf: FateOf): () => void {
  const { s3, sqs } = clients
  const at = { name: 'interfere', step: 'initialize' } as const
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) =>
        suffer(await fateOf(commandName, args.input), () => next(args)),
    at,
  )
  sqs.middlewareStack.add(
    (next, { commandName }) =>
      async (args) =>
        suffer(await fateOf(commandName, args.input), () => next(args)),
    at,
  )
  return () => {
    for (const client of [s3, sqs]) client.middlewareStack.remove(at.name)
  }
}

async function suffer<Answer>(fate: Fate, send: () => Promise<Answer>): Promise<Answer> {
  if (fate === 'lost') throw new Error('the connection was refused')
  const answer = await send()
  if (fate === 'unanswered') throw new Error('the connection was reset')
  return answer
}
