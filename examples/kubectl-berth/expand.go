package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// extensions are those that kubectl reads in a directory.
var extensions = []string{".json", ".yaml", ".yml"}

// expand returns the files of paths: a directory stands for its manifests, with
// recursive for those below it too, and what is no file is a glob.
func expand(paths []string, recursive bool) ([]string, error) {
	var all []string
	for _, path := range paths {
		files, err := expandOne(path, recursive)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	return all, nil
}

func expandOne(path string, recursive bool) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		return nil, fmt.Errorf("%s: this tool opens no connection; use: curl -sfL %s | kubectl berth ... -f -", path, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		if matches, _ := filepath.Glob(path); len(matches) > 0 {
			return matches, nil
		}
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	files, err := manifestsIn(path, recursive)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: the directory has no file that ends in .yaml, .yml or .json: -R reads those below it too", path)
	}
	return files, err
}

func manifestsIn(dir string, recursive bool) (files []string, err error) {
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != dir && !recursive:
			return filepath.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, filepath.Ext(name)):
			files = append(files, name)
		}
		return nil
	})
	return files, err
}
