import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation'
import { type AppConfiguration, digestOf, unpackConfiguration } from '@darkroom/app-configuration'
import * as z from 'zod'
import { readDeployment, settingOf } from '../doctor/deployment.ts'

const Template = z.object({ Metadata: z.object({ Apps: z.string() }) })

/**
 * The configuration that a stage was deployed with, from the template of its image processor.
 *
 * @throws Error if the stage has none
 */
export async function deployedConfiguration(stage: string): Promise<AppConfiguration> {
  const cloudFormation = new CloudFormationClient()
  try {
    const StackName = `darkroom-image-processor-${stage}`
    const { TemplateBody = '' } = await cloudFormation.send(new GetTemplateCommand({ StackName }))
    return unpackConfiguration(Template.parse(JSON.parse(TemplateBody)).Metadata.Apps)
  } catch (cause) {
    throw new Error(
      `The stage ${stage} has no configuration of apps. Deploy image-processor, and check region and credentials.`,
      { cause },
    )
  } finally {
    cloudFormation.destroy()
  }
}

/**
 * The same, with the bucket of the stage, if all services were deployed with this configuration: a service with another one
 * would not use what is applied.
 *
 * @throws Error as `deployedConfiguration` does, or if the services have different configurations
 */
export async function requireDeployment(
  stage: string,
): Promise<{ configuration: AppConfiguration; bucket: string }> {
  const [configuration, deployment] = await Promise.all([deployedConfiguration(stage), readDeployment(stage)])
  const other = Object.values(deployment).find(
    (service) => settingOf(service, 'APPS_DIGEST') !== digestOf(configuration),
  )
  if (other)
    throw new Error(`${other.name} was deployed with another file of apps. Deploy all services first.`)
  const bucket = settingOf(deployment['image-processor'], 'BUCKET')
  if (bucket === undefined) throw new Error(`The image processor of ${stage} names no bucket.`)
  return { configuration, bucket }
}
