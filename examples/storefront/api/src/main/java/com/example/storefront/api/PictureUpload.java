package com.example.storefront.api;

import java.util.List;
import javax.servlet.http.HttpServletRequest;
import org.apache.commons.fileupload.FileItem;
import org.apache.commons.fileupload.FileUploadException;
import org.apache.commons.fileupload.disk.DiskFileItemFactory;
import org.apache.commons.fileupload.servlet.ServletFileUpload;

/** Pictures that customers attach to a return. */
public class PictureUpload {
    private static final long LIMIT = 5L * 1024 * 1024;

    public List<FileItem> read(HttpServletRequest request) throws FileUploadException {
        ServletFileUpload upload = new ServletFileUpload(new DiskFileItemFactory());
        upload.setSizeMax(LIMIT);
        return upload.parseRequest(request);
    }
}
