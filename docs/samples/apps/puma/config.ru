BODY = "release #{File.read('version').strip} serves\n"
run lambda { |env|
  env['rack.input'].read
  [200, { 'Content-Length' => BODY.bytesize.to_s }, [BODY]]
}
