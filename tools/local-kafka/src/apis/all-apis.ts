import { errorCodes } from '../wire/error-codes.ts'
import { array, int16, int32, since, string, struct } from '../wire/types.ts'
import { type Api, defineApi } from './api.ts'
import { createTopics } from './create-topics.ts'
import { fetchRecords } from './fetch.ts'
import { findCoordinator } from './find-coordinator.ts'
import { heartbeat } from './heartbeat.ts'
import { initProducerId } from './init-producer-id.ts'
import { joinGroup } from './join-group.ts'
import { leaveGroup } from './leave-group.ts'
import { listOffsets } from './list-offsets.ts'
import { metadata } from './metadata.ts'
import { offsetCommit } from './offset-commit.ts'
import { offsetFetch } from './offset-fetch.ts'
import { produce } from './produce.ts'
import { syncGroup } from './sync-group.ts'

const apis: Api[] = [
  produce,
  fetchRecords,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  createTopics,
  initProducerId,
]

export const API_VERSIONS = 18

/** All supported APIs by key. */
export const apisByKey = new Map([...apis, defineApiVersions(apis)].map((api) => [api.key, api]))

/** Lists the supported APIs and versions. Clients send this request first. */
function defineApiVersions(others: Api[]): Api {
  const own = { apiKey: 18, minVersion: 0, maxVersion: 3 }
  const apiKeys = others.map(({ key, versions: [minVersion, maxVersion] }) => ({
    apiKey: key,
    minVersion,
    maxVersion,
  }))
  return defineApi({
    key: 18,
    versions: [0, 3],
    flexibleSince: 3,
    request: struct({
      clientSoftwareName: since(3, string, ''),
      clientSoftwareVersion: since(3, string, ''),
    }),
    response: struct({
      errorCode: int16,
      apiKeys: array(struct({ apiKey: int16, minVersion: int16, maxVersion: int16 })),
      throttleTimeMs: since(1, int32, 0),
    }),
    handle: () => ({ errorCode: errorCodes.NONE, apiKeys: [...apiKeys, own], throttleTimeMs: 0 }),
  })
}
