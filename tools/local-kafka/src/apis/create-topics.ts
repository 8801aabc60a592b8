import type { TimestampType } from '../log/partition-log.ts'
import { attempt, KafkaError } from '../wire/error-codes.ts'
import {
  array,
  bool,
  int8,
  int16,
  int32,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  uuid,
} from '../wire/types.ts'
import { defineApi } from './api.ts'

/** Replication factor and settings are accepted and ignored, except `message.timestamp.type`. */
export const createTopics = defineApi({
  key: 19,
  versions: [2, 7],
  flexibleSince: 5,
  request: struct({
    topics: array(
      struct({
        name: string,
        partitions: int32,
        replicationFactor: int16,
        assignments: array(struct({ index: int32, brokerIds: array(int32) })),
        configs: array(struct({ name: string, value: nullableString })),
      }),
    ),
    timeoutMs: int32,
    validateOnly: bool,
  }),
  response: struct({
    throttleTimeMs: int32,
    topics: array(
      struct({
        name: string,
        topicId: since(7, uuid, ''),
        errorCode: int16,
        errorMessage: nullableString,
        partitions: since(5, int32, -1),
        replicationFactor: since(5, int16, -1),
        configs: since(
          5,
          nullableArray(
            struct({
              name: string,
              value: nullableString,
              readOnly: bool,
              source: int8,
              isSensitive: bool,
            }),
          ),
          null,
        ),
      }),
    ),
  }),
  handle({ topics }, { broker }) {
    const created = topics.map(({ name, partitions, assignments, configs }) => {
      const wanted = partitions > 0 ? partitions : assignments.length || broker.topics.defaults.partitions
      const { errorCode, result } = attempt(() =>
        broker.topics.create(name, wanted, timestampTypeOf(configs)),
      )
      return {
        name,
        topicId: result?.id ?? '0'.repeat(32),
        errorCode,
        errorMessage: null,
        partitions: result?.partitions.length ?? -1,
        replicationFactor: result ? 1 : -1,
        configs: [],
      }
    })
    return { throttleTimeMs: 0, topics: created }
  },
})

function timestampTypeOf(configs: { name: string; value: string | null }[]): TimestampType | undefined {
  const value = configs.find(({ name }) => name === 'message.timestamp.type')?.value ?? undefined
  if (value === undefined || value === 'CreateTime' || value === 'LogAppendTime') return value
  throw new KafkaError('INVALID_CONFIG')
}
