import { EventEmitter, on } from 'node:events'
import type { SQSEvent } from 'aws-lambda'

export type Invocation = { event: SQSEvent; bodies: string[] }

/** A stand-in for a Lambda function that records its invocations. `answer` sets the responses. */
export function recordingFunction(answer: (invocation: Invocation) => unknown = () => undefined) {
  const invocations: Invocation[] = []
  const emitter = new EventEmitter()
  const invoke = async (event: unknown): Promise<unknown> => {
    const { Records } = event as SQSEvent
    const invocation = { event: { Records }, bodies: Records.map(({ body }) => body).sort() }
    invocations.push(invocation)
    emitter.emit('invoked')
    return answer(invocation)
  }
  /** Resolves with the first `count` invocations. */
  const invoked = async (count: number): Promise<Invocation[]> => {
    if (invocations.length < count) {
      for await (const _ of on(emitter, 'invoked')) if (invocations.length >= count) break
    }
    return invocations.slice(0, count)
  }
  return { invoke, invoked, invocations }
}
