import { setTimeout as sleep } from 'node:timers/promises'
import {
  CloudFormationClient,
  DescribeStackDriftDetectionStatusCommand,
  DetectStackDriftCommand,
  GetTemplateCommand,
  paginateDescribeStackResourceDrifts,
  paginateListStackResources,
  type StackResourceDrift,
} from '@aws-sdk/client-cloudformation'
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { stackName, statusOf } from './stacks.ts'

const POLL_MS = 2_000

/**
 * What somebody has changed in a service's stack since its deployment: a sentence for each resource that was changed or deleted, and for
 * each function whose code is not that of the template. CloudFormation compares settings that a template names, of the types that it
 * can read; it compares no code.
 *
 * @returns undefined if the service is not deployed, or is being deployed
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
 */
export async function findDrift(service: string, stage: string): Promise<string[] | undefined> {
  const cloudFormation = new CloudFormationClient()
  const lambda = new LambdaClient()
  const stack = { StackName: stackName(service, stage) }
  try {
    const status = await statusOf(cloudFormation, stack.StackName)
    if (status === undefined || status.endsWith('_IN_PROGRESS')) return
    await detectDrift(cloudFormation, stack)
    return [
      ...(await changedResources(cloudFormation, stack)),
      ...(await changedCode(cloudFormation, lambda, stack)),
    ]
  } finally {
    cloudFormation.destroy()
    lambda.destroy()
  }
}

interface Stack {
  StackName: string
}

/** @throws Error if CloudFormation could not read the stack's resources */
async function detectDrift(client: CloudFormationClient, stack: Stack): Promise<void> {
  const { StackDriftDetectionId } = await client.send(new DetectStackDriftCommand(stack))
  const status = new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId })
  for (;;) {
    const { DetectionStatus, DetectionStatusReason } = await client.send(status)
    if (DetectionStatus === 'DETECTION_COMPLETE') return
    if (DetectionStatus === 'DETECTION_FAILED')
      throw new Error(`${stack.StackName}: ${DetectionStatusReason}`)
    await sleep(POLL_MS)
  }
}

async function changedResources(client: CloudFormationClient, stack: Stack): Promise<string[]> {
  const found: string[] = []
  const input = { ...stack, StackResourceDriftStatusFilters: ['MODIFIED' as const, 'DELETED' as const] }
  for await (const { StackResourceDrifts = [] } of paginateDescribeStackResourceDrifts({ client }, input))
    found.push(...StackResourceDrifts.map(describe))
  return found
}

function describe(drift: StackResourceDrift): string {
  const { LogicalResourceId: name, ResourceType: type, StackResourceDriftStatus: status } = drift
  if (status === 'DELETED') return `${name} (${type}) was deleted.`
  const differences = (drift.PropertyDifferences ?? []).map(
    ({ PropertyPath, ExpectedValue, ActualValue }) =>
      `${PropertyPath?.slice(1)} is ${ActualValue}, not ${ExpectedValue}`,
  )
  return `${name} (${type}) was changed: ${differences.join('; ')}.`
}

interface Template {
  Resources: Record<string, { Type: string; Properties: VersionProperties }>
}
interface VersionProperties {
  FunctionName?: { Ref?: string }
  CodeSha256?: string
}

/** The framework publishes a version of each function, with the checksum of its code. */
async function changedCode(
  client: CloudFormationClient,
  lambda: LambdaClient,
  stack: Stack,
): Promise<string[]> {
  const { TemplateBody = '' } = await client.send(new GetTemplateCommand(stack))
  const { Resources }: Template = JSON.parse(TemplateBody)
  const versions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Version')
  const expected = new Map(
    versions.map(({ Properties }) => [Properties.FunctionName?.Ref, Properties.CodeSha256]),
  )
  const found: string[] = []
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, stack))
    for (const { LogicalResourceId: name, PhysicalResourceId: FunctionName } of StackResourceSummaries) {
      const sha256 = expected.get(name)
      if (sha256 === undefined) continue
      // One that was deleted is among the changed resources.
      const { CodeSha256 = sha256 } = await lambda
        .send(new GetFunctionConfigurationCommand({ FunctionName }))
        .catch(ignoreMissing)
      if (CodeSha256 !== sha256)
        found.push(`${name} (AWS::Lambda::Function) has other code than was deployed.`)
    }
  return found
}

function ignoreMissing(error: Error): { CodeSha256?: string } {
  if (error.name === 'ResourceNotFoundException') return {}
  throw error
}
