import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation'

/** The bucket of a stage on AWS, as its stack says. @throws Error if image-processor, which owns it, is not deployed */
export async function bucketOfStage(stage: string): Promise<string> {
  const client = new CloudFormationClient()
  const StackName = `darkroom-image-processor-${stage}`
  try {
    for await (const { StackResourceSummaries = [] } of paginateListStackResources(
      { client },
      { StackName },
    )) {
      const bucket = StackResourceSummaries.find(({ LogicalResourceId }) => LogicalResourceId === 'Bucket')
      if (bucket?.PhysicalResourceId) return bucket.PhysicalResourceId
    }
  } catch (cause) {
    throw new Error(`The stage ${stage} cannot be read: ${(cause as Error).message}`, { cause })
  } finally {
    client.destroy()
  }
  throw new Error(`The stage ${stage} has no bucket. Deploy image-processor first: docs/deploy.md.`)
}
