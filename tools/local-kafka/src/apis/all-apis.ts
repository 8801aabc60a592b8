import type { Api } from './api.ts'
import { defineApiVersions } from './api-versions.ts'
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

/** Every request that is understood, by its key. */
export const apisByKey = new Map([...apis, defineApiVersions(apis)].map((api) => [api.key, api]))
