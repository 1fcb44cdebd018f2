<?php
$file = __DIR__ . '/../version';
if (!is_file($file)) {
    throw new RuntimeException("there is no file $file");
}
$version = trim(file_get_contents($file));
echo "release $version serves\n";
