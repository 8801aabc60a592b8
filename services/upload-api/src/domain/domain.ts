import * as z from 'zod'

const Settings = z.object({
  domainName: z.string().regex(/^([a-z0-9-]{1,63}\.)+[a-z]{2,63}$/, 'set it to a domain name.'),
  certificateArn: z
    .string()
    .regex(
      /^arn:[^:]+:acm:us-east-1:\d+:certificate\/.+$/,
      'set it to the ARN of a certificate in us-east-1, where CloudFront looks for it.',
    ),
  webAclArn: z
    .string()
    .regex(
      /^(arn:[^:]+:wafv2:us-east-1:\d+:global\/webacl\/.+)?$/,
      'set it to the ARN of a web ACL for CloudFront, or leave it empty.',
    ),
})
type Settings = z.infer<typeof Settings>

/** Managed policies of CloudFront: nothing is cached, and every header but Host reaches the API. */
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad'
const ALL_VIEWER_EXCEPT_HOST_HEADER = 'b689b0a8-53d0-40ab-baf2-38738e2966ac'

/** The endpoint is `https://{host}`. */
const API_HOST = {
  'Fn::Select': [2, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['HttpApi', 'ApiEndpoint'] }] }],
}

/** API Gateway times out after 30. */
const READ_TIMEOUT_SECONDS = 35

/**
 * A domain of one's own, with CloudFront in front of the API. A web ACL of AWS WAF can be attached to it: an HTTP API takes none.
 * Without the stage parameter `domainName` there are no resources.
 *
 * @throws Error with a sentence for each parameter that is wrong
 */
export async function domain(resolveVariable: (address: string) => Promise<unknown>): Promise<object> {
  const names = Object.keys(Settings.shape)
  const params = await Promise.all(
    names.map(async (name) => [name, await resolveVariable(`param:${name}`)] as const),
  )
  const values = Object.fromEntries(params)
  if (!values.domainName) return {}
  const { data, error } = Settings.safeParse(values)
  if (error) {
    throw new Error(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join(' '))
  }
  return {
    Resources: { Distribution: distribution(data) },
    Outputs: {
      DomainTarget: {
        Description: 'The domain points here, by a CNAME or alias record.',
        Value: { 'Fn::GetAtt': ['Distribution', 'DomainName'] },
      },
    },
  }
}

function distribution({ domainName, certificateArn, webAclArn }: Settings): object {
  return {
    Type: 'AWS::CloudFront::Distribution',
    Properties: {
      DistributionConfig: {
        Comment: `The API of Darkroom at ${domainName}`,
        Enabled: true,
        HttpVersion: 'http2and3',
        IPV6Enabled: true,
        Aliases: [domainName],
        ViewerCertificate: {
          AcmCertificateArn: certificateArn,
          MinimumProtocolVersion: 'TLSv1.2_2021',
          SslSupportMethod: 'sni-only',
        },
        ...(webAclArn && { WebACLId: webAclArn }),
        Origins: [
          {
            Id: 'api',
            DomainName: API_HOST,
            CustomOriginConfig: {
              OriginProtocolPolicy: 'https-only',
              OriginSSLProtocols: ['TLSv1.2'],
              OriginReadTimeout: READ_TIMEOUT_SECONDS,
            },
          },
        ],
        DefaultCacheBehavior: {
          TargetOriginId: 'api',
          ViewerProtocolPolicy: 'https-only',
          AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
          CachePolicyId: CACHING_DISABLED,
          OriginRequestPolicyId: ALL_VIEWER_EXCEPT_HOST_HEADER,
        },
      },
    },
  }
}
