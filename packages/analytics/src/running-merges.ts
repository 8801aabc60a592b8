import {
  type AthenaClient,
  BatchGetQueryExecutionCommand,
  ListQueryExecutionsCommand,
} from '@aws-sdk/client-athena'

/** More than one call starts while another one runs: a merge, and its two short queries. */
const RECENT_QUERIES = 20

/** Whether a merge of a workgroup is queued or running: two at once would conflict, and one would fail. */
export async function isMerging(athena: AthenaClient, workGroup: string): Promise<boolean> {
  const list = new ListQueryExecutionsCommand({ WorkGroup: workGroup, MaxResults: RECENT_QUERIES })
  const { QueryExecutionIds = [] } = await athena.send(list)
  if (QueryExecutionIds.length === 0) return false
  const { QueryExecutions = [] } = await athena.send(new BatchGetQueryExecutionCommand({ QueryExecutionIds }))
  return QueryExecutions.some(
    ({ Query, Status }) =>
      (Status?.State === 'RUNNING' || Status?.State === 'QUEUED') &&
      Query?.startsWith('MERGE INTO images ') === true,
  )
}
