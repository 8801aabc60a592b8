import type { SQSEvent } from 'aws-lambda'

/** Defined by the build: see serverless.yml. */
declare const BUILT_BY: string

export async function handler({ Records }: SQSEvent): Promise<void> {
  for (const { body } of Records) console.log('built by', BUILT_BY, body)
}
