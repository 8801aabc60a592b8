/**
 * A Serverless plugin: has npm install native modules (sharp) for Lambda's processor and not for the machine
 * that packages. npm reads these variables; its flags would still take the machine's own binaries along.
 */
export default class InstallForLambda {
  constructor(serverless) {
    const { architecture } = serverless.service.provider
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => {
        process.env.npm_config_os = 'linux'
        process.env.npm_config_cpu = architecture
        process.env.npm_config_libc = 'glibc'
      },
    }
  }
}
