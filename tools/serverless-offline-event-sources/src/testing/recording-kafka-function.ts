import { EventEmitter, on } from 'node:events'
import type { KafkaEvent } from '../kafka/event.ts'

export interface KafkaInvocation {
  event: KafkaEvent
  /** The values by `topic-partition`, in order. */
  values: Record<string, (string | null)[]>
}

/** A stand-in for a Lambda function that records its invocations. `answer` sets the responses. */
export function recordingKafkaFunction(answer: (invocation: KafkaInvocation) => unknown = () => undefined) {
  const invocations: KafkaInvocation[] = []
  const emitter = new EventEmitter()
  const invoke = async (event: unknown): Promise<unknown> => {
    const { records } = event as KafkaEvent
    const values = Object.fromEntries(
      Object.entries(records).map(([key, group]) => [
        key,
        group.map(({ value }) => value && Buffer.from(value, 'base64').toString()),
      ]),
    )
    const invocation = { event: event as KafkaEvent, values }
    invocations.push(invocation)
    emitter.emit('invoked')
    return answer(invocation)
  }
  /** Resolves with the first `count` invocations. */
  const invoked = async (count: number): Promise<KafkaInvocation[]> => {
    if (invocations.length < count) {
      for await (const _ of on(emitter, 'invoked')) if (invocations.length >= count) break
    }
    return invocations.slice(0, count)
  }
  /** Resolves when `count` values have arrived, including repeated ones. */
  const received = async (count: number): Promise<(string | null)[]> => {
    const all = () => invocations.flatMap(({ values }) => Object.values(values).flat())
    if (all().length < count) {
      for await (const _ of on(emitter, 'invoked')) if (all().length >= count) break
    }
    return all()
  }
  return { invoke, invoked, received, invocations }
}
