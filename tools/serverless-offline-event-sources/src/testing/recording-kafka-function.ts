import { EventEmitter, on } from 'node:events'
import type { KafkaEvent } from '../kafka/to-event.ts'

export type KafkaInvocation = {
  event: KafkaEvent
  /** The values by `topic-partition`, in order. */
  values: Record<string, (string | null)[]>
}

/** Stands in for a Lambda function: keeps its invocations and answers each as `answer` says. */
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
  /** As soon as there are so many invocations. */
  const invoked = async (count: number): Promise<KafkaInvocation[]> => {
    if (invocations.length < count) {
      for await (const _ of on(emitter, 'invoked')) if (invocations.length >= count) break
    }
    return invocations.slice(0, count)
  }
  /** As soon as so many values have come, repeated ones included. */
  const received = async (count: number): Promise<(string | null)[]> => {
    const all = () => invocations.flatMap(({ values }) => Object.values(values).flat())
    if (all().length < count) {
      for await (const _ of on(emitter, 'invoked')) if (all().length >= count) break
    }
    return all()
  }
  return { invoke, invoked, received, invocations }
}
