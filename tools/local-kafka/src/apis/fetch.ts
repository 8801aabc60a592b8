import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker } from '../broker.ts'
import type { Topic } from '../log/topics.ts'
import { attempt, errorCodes } from '../wire/error-codes.ts'
import {
  array,
  int8,
  int16,
  int32,
  int64,
  inVersions,
  nullableArray,
  nullableBytes,
  type Read,
  since,
  string,
  struct,
  until,
  uuid,
} from '../wire/types.ts'
import { defineApi } from './api.ts'

const Wanted = struct({
  name: until(12, string, ''),
  topicId: since(13, uuid, ''),
  partitions: array(
    struct({
      index: int32,
      currentLeaderEpoch: since(9, int32, -1),
      fetchOffset: int64,
      lastFetchedEpoch: since(12, int32, -1),
      logStartOffset: since(5, int64, -1),
      maxBytes: int32,
    }),
  ),
})
type Wanted = Read<typeof Wanted>

const FetchRequest = struct({
  replicaId: int32,
  maxWaitMs: int32,
  minBytes: int32,
  maxBytes: int32,
  isolationLevel: int8,
  sessionId: since(7, int32, 0),
  sessionEpoch: since(7, int32, -1),
  topics: array(Wanted),
  forgotten: since(
    7,
    array(
      struct({
        name: until(12, string, ''),
        topicId: since(13, uuid, ''),
        partitions: array(int32),
      }),
    ),
    [],
  ),
  rackId: since(11, string, ''),
})
type FetchRequest = Read<typeof FetchRequest>

/**
 * Returns records from the given offsets. Waits up to `maxWaitMs` until `minBytes` are available. A session id of 0
 * declines fetch sessions.
 */
export const fetchRecords = defineApi({
  key: 1,
  versions: [4, 13],
  flexibleSince: 12,
  request: FetchRequest,
  response: struct({
    throttleTimeMs: int32,
    errorCode: since(7, int16, 0),
    sessionId: since(7, int32, 0),
    topics: array(
      struct({
        name: until(12, string, ''),
        topicId: since(13, uuid, ''),
        partitions: array(
          struct({
            index: int32,
            errorCode: int16,
            highWatermark: int64,
            lastStableOffset: int64,
            logStartOffset: since(5, int64, -1),
            abortedTransactions: nullableArray(struct({ producerId: int64, firstOffset: int64 })),
            preferredReadReplica: inVersions(11, 99, int32, -1),
            records: nullableBytes,
          }),
        ),
      }),
    ),
  }),
  async handle(request, { broker }) {
    const deadline = Date.now() + request.maxWaitMs
    let topics = readAll(broker, request)
    while (!isEnough(topics, request.minBytes) && Date.now() < deadline && !broker.closing.signal.aborted) {
      await waitForAppend(broker, request, deadline)
      topics = readAll(broker, request)
    }
    return { throttleTimeMs: 0, errorCode: errorCodes.NONE, sessionId: 0, topics }
  },
})

function findTopic(broker: Broker, { name, topicId }: Wanted): Topic | undefined {
  return name === '' ? broker.topics.findById(topicId) : broker.topics.find(name)
}

function readAll(broker: Broker, { topics, maxBytes }: FetchRequest) {
  let room = maxBytes
  return topics.map((wanted) => {
    const topic = findTopic(broker, wanted)
    const partitions = wanted.partitions.map((partition) => {
      const read = readPartition(broker, topic, partition, room)
      room -= read.records?.length ?? 0
      return read
    })
    return { name: wanted.name, topicId: wanted.topicId, partitions }
  })
}

function readPartition(
  broker: Broker,
  topic: Topic | undefined,
  wanted: Wanted['partitions'][number],
  room: number,
) {
  const read = attempt(() => {
    const log = broker.topics.partition(topic, wanted.index)
    const batches = room > 0 ? log.read(wanted.fetchOffset, Math.min(wanted.maxBytes, room)) : []
    return { records: Buffer.concat(batches), endOffset: log.endOffset, startOffset: log.startOffset }
  })
  return {
    index: wanted.index,
    errorCode: read.errorCode,
    highWatermark: read.result?.endOffset ?? -1,
    lastStableOffset: read.result?.endOffset ?? -1,
    logStartOffset: read.result?.startOffset ?? -1,
    abortedTransactions: [],
    preferredReadReplica: -1,
    records: read.result?.records ?? Buffer.alloc(0),
  }
}

/** Whether to respond now. Errors do not wait. */
function isEnough(topics: ReturnType<typeof readAll>, minBytes: number): boolean {
  const partitions = topics.flatMap((topic) => topic.partitions)
  const bytes = partitions.reduce((sum, { records }) => sum + (records?.length ?? 0), 0)
  return bytes >= minBytes || partitions.some(({ errorCode }) => errorCode !== errorCodes.NONE)
}

async function waitForAppend(broker: Broker, { topics }: FetchRequest, deadline: number): Promise<void> {
  const appended = new AbortController()
  const stopListening = topics.flatMap((wanted) =>
    wanted.partitions.map(({ index }) =>
      findTopic(broker, wanted)?.partitions[index]?.onAppend(() => appended.abort()),
    ),
  )
  const signal = AbortSignal.any([appended.signal, broker.closing.signal])
  await sleep(Math.max(0, deadline - Date.now()), undefined, { signal }).catch(() => {})
  for (const stop of stopListening) stop?.()
}
