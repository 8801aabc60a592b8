import {
  type AthenaClient,
  BatchGetQueryExecutionCommand,
  ListQueryExecutionsCommand,
} from '@aws-sdk/client-athena'

/** More than are started while a statement runs for its 30 minutes, by which it is ended. */
const RECENT_QUERIES = 50

/**
 * Whether a statement of a workgroup that merges into `images` or rewrites its files is queued or running: two at once would conflict, and
 * one would fail.
 */
export async function isWritingImages(athena: AthenaClient, workGroup: string): Promise<boolean> {
  const list = new ListQueryExecutionsCommand({ WorkGroup: workGroup, MaxResults: RECENT_QUERIES })
  const { QueryExecutionIds = [] } = await athena.send(list)
  if (QueryExecutionIds.length === 0) return false
  const { QueryExecutions = [] } = await athena.send(new BatchGetQueryExecutionCommand({ QueryExecutionIds }))
  return QueryExecutions.some(
    ({ Query, Status }) =>
      (Status?.State === 'RUNNING' || Status?.State === 'QUEUED') &&
      /^(MERGE INTO|OPTIMIZE) images /.test(Query ?? ''),
  )
}
