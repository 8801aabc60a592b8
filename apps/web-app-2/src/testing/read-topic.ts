import { fork } from 'node:child_process'
import { on } from 'node:events'
import { join } from 'node:path'
import type { Message } from 'kafka-crab-js'

export interface TopicReader {
  next(): Promise<Message>
  stop(): void
}

/**
 * Reads a topic from its beginning with another client than the app's (librdkafka). It runs in its own process, because its
 * native threads would keep the test process alive for half a minute after the broker stops.
 */
export function readTopic(brokers: string, topic: string): TopicReader {
  const child = fork(join(import.meta.dirname, 'reader-process.ts'), [brokers, topic], {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const messages = on(child, 'message')
  return {
    next: async () => {
      const { value = [] } = await messages.next()
      return toMessage(value[0] as Message)
    },
    stop: () => void child.kill('SIGKILL'),
  }
}

/** Between processes a Buffer becomes a Uint8Array. */
function toMessage(message: Message): Message {
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, Buffer.from(value)])
  return {
    ...message,
    ...(message.key && { key: Buffer.from(message.key) }),
    payload: Buffer.from(message.payload),
    headers: Object.fromEntries(headers),
  }
}
