import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation'

/**
 * The bucket and the image queue of a stage on AWS, as its stack says.
 *
 * @throws Error if image-processor, which owns them, is not deployed
 */
export async function storeOfStage(stage: string): Promise<{ bucket: string; queueUrl: string }> {
  const client = new CloudFormationClient()
  const StackName = `darkroom-image-processor-${stage}`
  const found: Record<string, string | undefined> = {}
  try {
    for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName }))
      for (const { LogicalResourceId = '', PhysicalResourceId } of StackResourceSummaries)
        found[LogicalResourceId] = PhysicalResourceId
  } catch (cause) {
    throw new Error(`The stage ${stage} cannot be read.`, { cause })
  } finally {
    client.destroy()
  }
  const { Bucket: bucket, ImageQueue: queueUrl } = found
  if (bucket && queueUrl) return { bucket, queueUrl }
  throw new Error(`The stage ${stage} has no bucket. Deploy image-processor first: docs/deploy.md.`)
}
