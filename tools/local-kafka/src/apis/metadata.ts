import type { Broker } from '../broker.ts'
import type { Topic } from '../log/topics.ts'
import { attempt, type ErrorCode, errorCodes, KafkaError } from '../wire/error-codes.ts'
import {
  array,
  bool,
  int16,
  int32,
  inVersions,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  uuid,
} from '../wire/types.ts'
import { defineApi } from './api.ts'

const NO_ID = '0'.repeat(32)
const UNKNOWN_OPERATIONS = -(2 ** 31)

/** Describes the broker and its topics. Creates requested topics if the client allows it. */
export const metadata = defineApi({
  key: 3,
  versions: [0, 12],
  flexibleSince: 9,
  request: struct({
    topics: nullableArray(struct({ topicId: since(10, uuid, NO_ID), name: nullableString })),
    allowAutoTopicCreation: since(4, bool, true),
    includeClusterOperations: inVersions(8, 10, bool, false),
    includeTopicOperations: since(8, bool, false),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    brokers: array(
      struct({ nodeId: int32, host: string, port: int32, rack: since(1, nullableString, null) }),
    ),
    clusterId: since(2, nullableString, null),
    controllerId: since(1, int32, 0),
    topics: array(
      struct({
        errorCode: int16,
        name: nullableString,
        topicId: since(10, uuid, NO_ID),
        isInternal: since(1, bool, false),
        partitions: array(
          struct({
            errorCode: int16,
            index: int32,
            leaderId: int32,
            leaderEpoch: since(7, int32, 0),
            replicaNodes: array(int32),
            isrNodes: array(int32),
            offlineReplicas: since(5, array(int32), []),
          }),
        ),
        operations: since(8, int32, UNKNOWN_OPERATIONS),
      }),
    ),
    clusterOperations: inVersions(8, 10, int32, UNKNOWN_OPERATIONS),
  }),
  handle({ topics, allowAutoTopicCreation }, { broker, version }) {
    const wantsAll = topics === null || (version === 0 && topics.length === 0)
    const found = wantsAll
      ? broker.topics.all().map((topic) => describe(topic, broker))
      : topics.map((wanted) => findOrCreate(wanted, broker, allowAutoTopicCreation))
    return {
      throttleTimeMs: 0,
      brokers: [{ nodeId: broker.nodeId, host: broker.host, port: broker.port, rack: null }],
      clusterId: broker.state.clusterId,
      controllerId: broker.nodeId,
      topics: found,
      clusterOperations: UNKNOWN_OPERATIONS,
    }
  },
})

type Wanted = { topicId: string; name: string | null }

function findOrCreate(wanted: Wanted, broker: Broker, mayCreate: boolean) {
  const { errorCode, result } = attempt(() => {
    const { topicId, name } = wanted
    const known = name === null ? broker.topics.findById(topicId) : broker.topics.find(name)
    if (known) return known
    if (name === null) throw new KafkaError('UNKNOWN_TOPIC_ID')
    if (!mayCreate) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
    return broker.topics.create(name)
  })
  return result ? describe(result, broker) : describeMissing(wanted, errorCode)
}

function describe({ name, id, partitions }: Topic, { nodeId }: Broker) {
  return {
    errorCode: errorCodes.NONE as ErrorCode,
    name: name as string | null,
    topicId: id,
    isInternal: false,
    partitions: partitions.map((_, index) => ({
      errorCode: errorCodes.NONE,
      index,
      leaderId: nodeId,
      leaderEpoch: 0,
      replicaNodes: [nodeId],
      isrNodes: [nodeId],
      offlineReplicas: [],
    })),
    operations: UNKNOWN_OPERATIONS,
  }
}

function describeMissing({ name, topicId }: Wanted, errorCode: ErrorCode): ReturnType<typeof describe> {
  return { errorCode, name, topicId, isInternal: false, partitions: [], operations: UNKNOWN_OPERATIONS }
}
